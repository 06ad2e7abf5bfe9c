"""The socket's door, and the answers of the product to the machinery: who may connect, rows after a number, commits."""
