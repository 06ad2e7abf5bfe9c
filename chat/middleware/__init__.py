"""The middleware of every request: counting a user's requests, the origin of acts, sessions, waiting, what browsers may load."""
