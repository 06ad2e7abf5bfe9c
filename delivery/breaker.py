"""A circuit breaker for calls to something that may be away: after failures it answers at once, then lets one call try.

Source of the states: Nygard, "Release It!" (closed, open, half-open). Cancellation says nothing about the other side.
"""

import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TypeVar

from delivery import metrics

T = TypeVar("T")


class BreakerOpen(Exception):
    """The breaker is open, so the function was not called: recent calls have failed."""


class Breaker:
    """A circuit breaker; thread-safe. `name`: the name of the called service in metrics."""

    def __init__(
        self, name: str, *, failures: int, pause_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._allowed = failures
        self._pause = pause_seconds
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._is_trying = False
        self._lock = threading.Lock()
        metrics.breaker_open.labels(name).set(0)
        metrics.breaker_failures.labels(name)

    @property
    def is_closed(self) -> bool:
        return self._opened_at is None

    async def call(self, function: Callable[[], Awaitable[T]], *, counts: tuple[type[Exception], ...]) -> T:
        """Calls `function` and returns its result. Raises BreakerOpen while open. Only exceptions in `counts` count as failures."""
        with self.attempt(counts=counts):
            return await function()

    def attempt(self, *, counts: tuple[type[Exception], ...]) -> AbstractContextManager[None]:
        """Counts the block as the call. Raises BreakerOpen before it while open. Only exceptions in `counts` count as failures."""
        return _Attempt(self, counts)

    def _admit(self) -> bool:
        # Whether this call is the one that tries while the breaker is open.
        if self._opened_at is None:
            return False
        with self._lock:
            if self._opened_at is None:
                return False
            if self._is_trying or self._clock() - self._opened_at < self._pause:
                raise BreakerOpen
            self._is_trying = True
            return True

    def _fail(self) -> None:
        metrics.breaker_failures.labels(self._name).inc()
        self._failures += 1
        if self._failures >= self._allowed or self._opened_at is not None:
            self._opened_at = self._clock()
            metrics.breaker_open.labels(self._name).set(1)

    def _succeed(self) -> None:
        self._failures = 0
        if self._opened_at is not None:
            self._opened_at = None
            metrics.breaker_open.labels(self._name).set(0)


class _Attempt(AbstractContextManager[None]):
    """As a class: each message makes three attempts, and a generator would double their cost."""

    __slots__ = ("_breaker", "_counts", "_is_trial")

    def __init__(self, breaker: Breaker, counts: tuple[type[Exception], ...]) -> None:
        self._breaker = breaker
        self._counts = counts

    def __enter__(self) -> None:
        self._is_trial = self._breaker._admit()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._breaker._succeed()
            elif isinstance(error, self._counts):
                self._breaker._fail()
        finally:
            if self._is_trial:
                self._breaker._is_trying = False
