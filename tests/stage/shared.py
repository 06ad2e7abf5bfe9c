"""Web processes that many tests share; they are there while files are run that ask for them.

A process that nobody asks anything takes a hundredth of a processor all the same, and four pytest processes would have five each.
"""

from collections.abc import Iterable

import pytest

from tests.stage.servers import Server

ROOMY = {"GAPLESS_LIMIT_MESSAGES_PER_MINUTE": "0", "GAPLESS_LIMIT_REQUESTS_PER_MINUTE": "0"}
#: Few connections each: all that a test session starts shares one PostgreSQL.
AS_SHIPPED = {"GAPLESS_LIMIT_POOL": "4"}


class Shared:
    """So many processes with this environment, from the first test that asks for them to the end of the last file that does."""

    def __init__(self, count: int, environment: dict[str, str]) -> None:
        self._count = count
        self._environment = environment
        self._running: list[Server] = []

    def running(self) -> list[Server]:
        if not self._running:
            self._running = [Server(**self._environment).launch() for _ in range(self._count)]
            for server in self._running:
                server.wait_until_alive()
        return self._running

    def stop(self) -> None:
        stopping, self._running = self._running, []
        for server in stopping:
            server.begin_to_stop()
        for server in stopping:
            server.wait_until_stopped()


#: By the fixture that gives them.
SHARED = {"servers": Shared(2, ROOMY), "processes": Shared(3, AS_SHIPPED)}


def asked_for(items: Iterable[pytest.Item]) -> dict[str, frozenset[str]]:
    """Of each file, which of them its tests ask for."""
    asked: dict[str, set[str]] = {}
    for item in items:
        asked.setdefault(str(item.path), set()).update(SHARED.keys() & getattr(item, "fixturenames", ()))
    return {path: frozenset(names) for path, names in asked.items()}


def stop_all_but(names: frozenset[str]) -> None:
    for name in SHARED.keys() - names:
        SHARED[name].stop()
