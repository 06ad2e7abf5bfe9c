"""How many sockets come in at once: a crowd comes in one after another, instead of every one of it timing out."""

import contextlib
import random
from collections.abc import Callable, Iterator

#: Those for whom there is no room now are sent away for up to so long, each for a time of its own.
CROWD_SECONDS = 5


class Openings:
    """Of one process: the sockets between their handshake and their `hello`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.under_way = 0

    @property
    def is_full(self) -> bool:
        return self.under_way >= self._most

    def wait(self) -> float:
        """Seconds after which one that was sent away may try again."""
        return random.uniform(1, CROWD_SECONDS)

    @contextlib.contextmanager
    def opening(self) -> Iterator[Callable[[], None]]:
        """One more is under way, until what is given is called, or until the end."""
        is_opening = True
        self.under_way += 1

        def opened() -> None:
            nonlocal is_opening
            self.under_way -= is_opening
            is_opening = False

        try:
            yield opened
        finally:
            opened()
