"""Files of messages: taken in, cleaned, stored, handed out, and taken away. An app of its own, which only the
support desk above it imports."""
