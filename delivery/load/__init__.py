"""Load tests through real sockets: many clients, some of which send, lose their connection and return, and what each received."""
