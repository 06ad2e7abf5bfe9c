"""Rights: the table of rights, the scopes of tokens, and a user's standing in a channel."""
