"""Load through real sockets: many clients, some of them speaking, cut off and coming back, and what each of them was told."""
