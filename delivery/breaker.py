"""A circuit breaker for calls to something that may be away: after failures it answers at once, then lets one call try.

Source of the states: Nygard, "Release It!" (closed, open, half-open). Cancellation says nothing about the other side.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class BreakerOpen(Exception):
    """Not called: it failed just now."""


class Breaker:
    def __init__(self, *, failures: int, pause_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowed = failures
        self._pause = pause_seconds
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._is_trying = False

    @property
    def is_closed(self) -> bool:
        return self._opened_at is None

    async def call(self, function: Callable[[], Awaitable[T]], *, counts: tuple[type[Exception], ...]) -> T:
        """The result of `function`. Raises BreakerOpen without calling; only exceptions in `counts` are failures."""
        if not self._may_call():
            raise BreakerOpen
        is_trial = self._opened_at is not None
        self._is_trying = self._is_trying or is_trial
        try:
            result = await function()
        except counts:
            self._fail()
            raise
        else:
            self._succeed()
            return result
        finally:
            if is_trial:
                self._is_trying = False

    def _may_call(self) -> bool:
        if self._opened_at is None:
            return True
        return not self._is_trying and self._clock() - self._opened_at >= self._pause

    def _fail(self) -> None:
        self._failures += 1
        if self._failures >= self._allowed or self._opened_at is not None:
            self._opened_at = self._clock()

    def _succeed(self) -> None:
        self._failures = 0
        self._opened_at = None
