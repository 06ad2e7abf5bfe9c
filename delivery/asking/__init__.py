"""Lets the event loop ask PostgreSQL by itself, over its own connections, where a thread would cost more than the answer."""
