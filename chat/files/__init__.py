"""Files of messages: taken in, cleaned, stored, handed out, and taken away. An app of its own: nothing else of chat imports it."""
