"""When a web process could not hear its clients, or they it, so that nobody blames it for what it was not asked."""

import time


class Interruptions:
    """Begun and ended by name; those that overlap count once. May be used from any thread."""

    def __init__(self) -> None:
        self._names: frozenset[str] = frozenset()
        self._begun = 0.0
        self._past: tuple[tuple[float, float], ...] = ()

    def set(self, name: str, *, is_under_way: bool) -> None:
        """Begins or ends the interruption of this name, if it is not so already."""
        names = self._names | {name} if is_under_way else self._names - {name}
        if names and not self._names:
            self._begun = time.monotonic()
        elif self._names and not names:
            self._past = (*self._past, (self._begun, time.monotonic()))
        self._names = names

    def seconds_since(self, moment: float) -> float:
        """How much of the time from this moment (of the monotonic clock) until now was interrupted."""
        now = time.monotonic()
        under_way = ((self._begun, now),) if self._names else ()
        return sum(max(0.0, end - max(begin, moment)) for begin, end in (*self._past, *under_way))
