"""Who may do what: the table, what a token may be used for, and where somebody stands in a channel."""
