"""The window that counts: one Lua call to Redis, by Redis' own clock, for all processes; with Redis away, a window a process.

So nobody is let through unlimited, and nobody is locked out.
"""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from redis import asyncio as aioredis
from redis.exceptions import RedisError

from chat.allowances.table import Allowance
from delivery.breaker import Breaker, BreakerOpen

#: What a call to Redis may take before the local window decides.
PATIENCE_SECONDS = 0.1
#: After a failure Redis is left alone for so long.
PAUSE_SECONDS = 1
#: Users whose local windows are kept; with more, the one that was quiet for the longest begins anew.
MOST_LOCAL_USERS = 10_000

AWAY = (RedisError, OSError, TimeoutError)
_SCRIPT = Path(__file__).with_name("window.lua").read_text()


@dataclass(frozen=True, slots=True)
class Usage:
    """What is left of an allowance, and the seconds until there is one more."""

    limit: int
    remaining: int
    reset: float


#: The seconds until it may be tried again (-1: it was counted), and what is left.
Answer = tuple[float, Usage]


class Windows:
    """All allowances as this process counts them, from any thread."""

    def __init__(self) -> None:
        self._redis = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
        )
        self._script = self._redis.register_script(_SCRIPT)
        self.breaker = Breaker("redis_limits", failures=1, pause_seconds=PAUSE_SECONDS)
        self.local = LocalWindows()

    def ask(self, allowance: Allowance, user_id: int, key: str) -> Answer:
        """Counts one thing; the same key again costs nothing."""
        try:
            with self.breaker.attempt(counts=AWAY):
                answer = self._script(keys=allowance.keys(user_id), args=arguments(allowance, key))
        except (BreakerOpen, *AWAY):
            return self.local.ask(allowance, user_id, key)
        return self.noted(allowance, user_id, key, answer)

    def noted(self, allowance: Allowance, user_id: int, key: str, answer: Sequence[Any]) -> Answer:
        """What Redis answered; so that a moment without it finds the window as full as it is."""
        wait, used, reset = (int(number) for number in answer)
        if wait < 0:
            self.local.note(allowance, user_id, key)
        usage = Usage(allowance.most, max(0, allowance.most - used), reset / 1_000_000)
        return (wait / 1_000_000 if wait >= 0 else -1), usage

    def forget(self, allowance: Allowance, user_id: int, key: str) -> None:
        """The thing was not done after all."""
        self.local.forget(allowance, user_id, key)
        try:
            with self.breaker.attempt(counts=AWAY):
                self._redis.zrem(allowance.keys(user_id)[0], key)
        except (BreakerOpen, *AWAY):
            return


@cache
def windows() -> Windows:
    """Those of this process."""
    return Windows()


class LoopWindows:
    """The same for the event loop that made it."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._redis = aioredis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
        self._script = self._redis.register_script(_SCRIPT)

    async def ask(self, allowance: Allowance, user_id: int, key: str) -> Answer:
        try:
            with self._windows.breaker.attempt(counts=AWAY):
                asked = self._script(keys=allowance.keys(user_id), args=arguments(allowance, key))
                answer = await asyncio.wait_for(asked, PATIENCE_SECONDS)
        except (BreakerOpen, *AWAY):
            return self._windows.local.ask(allowance, user_id, key)
        return self._windows.noted(allowance, user_id, key, answer)

    async def close(self) -> None:
        await self._redis.aclose()


def arguments(allowance: Allowance, key: str) -> list[str | int]:
    return [allowance.most, key, allowance.seconds * 1_000_000, allowance.most_attempts]


@dataclass
class LocalWindows:
    """The windows as this process alone knows them: when each thing was done, a user and allowance."""

    _users: dict[str, OrderedDict[int, OrderedDict[str, float]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, allowance: Allowance, user_id: int, key: str) -> Answer:
        with self._lock:
            done, now, most = self._window(allowance, user_id), time.monotonic(), allowance.most
            left = next(iter(done.values())) + allowance.seconds - now if done else 0.0
            if key not in done:
                if len(done) >= most:
                    return left, Usage(most, 0, left)
                done[key] = now
            return -1, Usage(most, max(0, most - len(done)), left or allowance.seconds)

    def note(self, allowance: Allowance, user_id: int, key: str) -> None:
        with self._lock:
            self._window(allowance, user_id).setdefault(key, time.monotonic())

    def forget(self, allowance: Allowance, user_id: int, key: str) -> None:
        with self._lock:
            self._window(allowance, user_id).pop(key, None)

    def _window(self, allowance: Allowance, user_id: int) -> OrderedDict[str, float]:
        users = self._users.setdefault(allowance.name, OrderedDict())
        since = time.monotonic() - allowance.seconds
        done = users.setdefault(user_id, OrderedDict())
        users.move_to_end(user_id)
        while done and next(iter(done.values())) <= since:
            done.popitem(last=False)
        quietest = next(iter(users))
        if quietest != user_id and (len(users) > MOST_LOCAL_USERS or _is_over(users[quietest], since)):
            del users[quietest]
        return done


def _is_over(done: OrderedDict[str, float], since: float) -> bool:
    return not done or next(reversed(done.values())) <= since
