"""The product: channels, members, messages, and the people who use them."""
