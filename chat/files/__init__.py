"""Files of messages: receiving, cleaning, storing, sending and deleting them. An app of its own, which only the
support desk imports."""
