"""The socket's door, and the product as the machinery asks for it: who may come in, rows since a number, commits."""
