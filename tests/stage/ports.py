"""Ports for servers of tests: each is given once, and none is in Linux' range for outgoing connections.

Such a one would be somebody's before the process that is to listen there has come so far. Each pytest process of the machine has
ports of its own, also beside another checkout's: what another's server answers there would be taken for one's own that has started.
"""

import contextlib
import secrets
import socket

PORTS = range(12_000, 32_000)
#: So many are one pytest process', until it ends; one that needs more takes as many again.
SHARE = 500


class Ports:
    """One pytest process' own. While it runs, no other process is given any of them, also one of another checkout."""

    def __init__(self) -> None:
        self._left: set[int] = set()
        self._claims: list[socket.socket] = []

    def free(self) -> int:
        """Given to nobody before, and nobody listens there at any address."""
        while True:
            if not self._left:
                self._left = set(self._claimed())
            port = secrets.choice(sorted(self._left))
            self._left.remove(port)
            if _is_free(port):
                return port

    def _claimed(self) -> range:
        for first in range(PORTS.start, PORTS.stop, SHARE):
            # A name of Linux' abstract sockets is one process', in just the place where its ports are, and goes with it.
            claim = socket.socket(socket.AF_UNIX)
            with contextlib.suppress(OSError):
                claim.bind(f"\0ports of tests from {first}")
                self._claims.append(claim)
                return range(first, first + SHARE)
            claim.close()
        raise AssertionError(f"other tests have all of {PORTS}")


free_port = Ports().free


def _is_free(port: int) -> bool:
    both = socket.has_dualstack_ipv6()
    with socket.socket(socket.AF_INET6 if both else socket.AF_INET) as probe, contextlib.suppress(OSError):
        if both:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        probe.bind(("::" if both else "0.0.0.0", port))
        return True
    return False
