"""Ports for servers of tests: each is given once, and none is in Linux' range for outgoing connections.

Such a one would be somebody's before the process that is to listen there has come so far. Each pytest process has ports of its own:
what another process' server answers there would be taken for one's own server that has started.
"""

import contextlib
import os
import secrets
import socket

PORTS = range(12_000, 32_000)
#: More pytest processes than a run has.
MOST_PROCESSES = 16

_given: set[int] = set()


def ports_of(worker: str) -> range:
    """Those of a pytest process, by its name: gw0, gw1, …"""
    return PORTS[int(worker.removeprefix("gw")) % MOST_PROCESSES :: MOST_PROCESSES]


def free_port() -> int:
    """Nobody's now, and not asked for by others of this run; of another run's by chance alone, whatever tests do to chance."""
    own = ports_of(os.environ.get("PYTEST_XDIST_WORKER", "gw0"))
    while True:
        port = secrets.choice(own)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
