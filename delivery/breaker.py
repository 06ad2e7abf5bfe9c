"""A circuit breaker for calls to something that may be away: after failures it answers at once, then lets one call try.

Source of the states: Nygard, "Release It!" (closed, open, half-open). Cancellation says nothing about the other side.
"""

import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from delivery import metrics

T = TypeVar("T")


class BreakerOpen(Exception):
    """Not called: it failed just now."""


class Breaker:
    """`name`: what is called, as the metrics say it. May be used from several threads."""

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
        """The result of `function`. Raises BreakerOpen without calling; only exceptions in `counts` are failures."""
        with self.attempt(counts=counts):
            return await function()

    @contextmanager
    def attempt(self, *, counts: tuple[type[Exception], ...]) -> Iterator[None]:
        """The block is the call. Raises BreakerOpen before it; only exceptions in `counts` are failures."""
        is_trial = self._admit()
        try:
            yield
        except counts:
            self._fail()
            raise
        else:
            self._succeed()
        finally:
            if is_trial:
                self._is_trying = False

    def _admit(self) -> bool:
        # Whether this call is the one that tries while the breaker is open.
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
