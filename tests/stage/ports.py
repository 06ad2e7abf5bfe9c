"""Ports for servers of tests: each is given once, and none is in Linux' range for outgoing connections.

Such a one would be somebody's before the process that is to listen there has come so far.
"""

import contextlib
import secrets
import socket

PORTS = range(12_000, 32_000)

_given: set[int] = set()


def free_port() -> int:
    """Nobody's now, and not asked for by others of this run: each process chooses by chance, whatever tests do to chance."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
