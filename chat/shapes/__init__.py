"""What is sent: rows as the structs that clients see, each spelled once."""
