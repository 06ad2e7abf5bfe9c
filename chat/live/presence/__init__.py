"""Presence of one web process: says who is here, hears who is elsewhere, tells the sockets."""
