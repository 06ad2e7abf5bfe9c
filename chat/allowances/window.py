"""The window that counts: one Lua call to Redis, by Redis' clock, for all processes. While Redis is away each process has a window.

So nobody is unlimited, and nobody is locked out.
"""

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings

from chat.allowances.table import Allowance, Whose
from delivery.breaker import Breaker, BreakerOpen
from delivery.redis import REDIS_AWAY, client, loop_client, script

#: How long a call to Redis may take before the local window decides.
PATIENCE_SECONDS = 0.1
#: How long Redis is not called after a failure.
PAUSE_SECONDS = 1
#: How many local windows of one allowance are kept; with more, the one unused for the longest is dropped.
MOST_LOCAL = 10_000

_SCRIPT = script(__file__, "window.lua")


@dataclass(frozen=True, slots=True)
class Usage:
    """The rest of an allowance, and the seconds until one more is allowed."""

    limit: int
    remaining: int
    reset: float


#: The seconds until the next try (-1: this one was counted), and the rest of the allowance.
Answer = tuple[float, Usage]


class Windows:
    """All allowances, counted by this process from any thread."""

    def __init__(self) -> None:
        self._redis = client(settings.REDIS_URL, patience_seconds=PATIENCE_SECONDS)
        self._script = self._redis.register_script(_SCRIPT)
        self.breaker = Breaker("redis_limits", failures=1, pause_seconds=PAUSE_SECONDS)
        self.local = LocalWindows()

    def ask(self, allowance: Allowance, whose: Whose, key: str) -> Answer:
        """Counts one thing; the same key again costs nothing."""
        try:
            with self.breaker.attempt(counts=REDIS_AWAY):
                answer = self._script(keys=allowance.keys(whose), args=arguments(allowance, key))
        except (BreakerOpen, *REDIS_AWAY):
            return self.local.ask(allowance, whose, key)
        return self.noted(allowance, whose, key, answer)

    def noted(self, allowance: Allowance, whose: Whose, key: str, answer: Sequence[Any]) -> Answer:
        """Notes Redis' answer in the local window, so that it is as full if Redis goes away now."""
        wait, used, reset = answer
        if wait < 0:
            self.local.note(allowance, whose, key)
        most = allowance.most
        usage = Usage(most, max(0, most - used), reset / 1_000_000)
        return (wait / 1_000_000 if wait >= 0 else -1), usage

    def forget(self, allowance: Allowance, whose: Whose, key: str) -> None:
        """Takes a count back, because the thing was not done."""
        self.local.forget(allowance, whose, key)
        try:
            with self.breaker.attempt(counts=REDIS_AWAY):
                self._redis.zrem(allowance.keys(whose)[0], key)
        except (BreakerOpen, *REDIS_AWAY):
            return


@cache
def windows() -> Windows:
    """The windows of this process."""
    return Windows()


class LoopWindows:
    """The same for one event loop, that of its creator."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._redis = loop_client(settings.REDIS_URL, patience_seconds=PATIENCE_SECONDS)
        self._script = self._redis.register_script(_SCRIPT)

    async def prepare(self) -> None:
        """Connects and loads the script, so that the first caller need not wait for it. Nothing is lost if Redis is away."""
        with contextlib.suppress(*REDIS_AWAY):
            await self._redis.script_load(_SCRIPT)

    async def ask(self, allowance: Allowance, whose: Whose, key: str) -> Answer:
        windows = self._windows
        try:
            with windows.breaker.attempt(counts=REDIS_AWAY):
                answer = await self._script(keys=allowance.keys(whose), args=arguments(allowance, key))
        except (BreakerOpen, *REDIS_AWAY):
            return windows.local.ask(allowance, whose, key)
        return windows.noted(allowance, whose, key, answer)

    async def close(self) -> None:
        await self._redis.aclose()


def arguments(allowance: Allowance, key: str) -> list[str | int]:
    return [allowance.most, key, allowance.seconds * 1_000_000, allowance.most_attempts]


@dataclass
class LocalWindows:
    """The windows of this process alone, with the time of each counted thing."""

    _of: dict[str, OrderedDict[Whose, OrderedDict[str, float]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, allowance: Allowance, whose: Whose, key: str) -> Answer:
        with self._lock:
            done, now, most = self._window(allowance, whose), time.monotonic(), allowance.most
            left = next(iter(done.values())) + allowance.seconds - now if done else 0.0
            if key not in done:
                if len(done) >= most:
                    return left, Usage(most, 0, left)
                done[key] = now
            return -1, Usage(most, max(0, most - len(done)), left or allowance.seconds)

    def note(self, allowance: Allowance, whose: Whose, key: str) -> None:
        with self._lock:
            self._window(allowance, whose).setdefault(key, time.monotonic())

    def forget(self, allowance: Allowance, whose: Whose, key: str) -> None:
        with self._lock:
            self._window(allowance, whose).pop(key, None)

    def _window(self, allowance: Allowance, whose: Whose) -> OrderedDict[str, float]:
        windows = self._of.setdefault(allowance.name, OrderedDict())
        since = time.monotonic() - allowance.seconds
        done = windows.setdefault(whose, OrderedDict())
        windows.move_to_end(whose)
        while done and next(iter(done.values())) <= since:
            done.popitem(last=False)
        quietest = next(iter(windows))
        if quietest != whose and (len(windows) > MOST_LOCAL or _is_over(windows[quietest], since)):
            del windows[quietest]
        return done


def _is_over(done: OrderedDict[str, float], since: float) -> bool:
    return not done or next(reversed(done.values())) <= since
