"""Presence of one web process: it tells Redis who is here, reads who is at other processes, and tells the sockets."""
