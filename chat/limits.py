"""How much one user may do: exact sliding windows, shared by all doors and processes through one call to Redis.

Redis away: a window of this process alone, so that nobody is let through unlimited and nobody is locked out.
"""

import asyncio
import contextlib
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db.models import Q
from redis import asyncio as aioredis
from redis.exceptions import RedisError

from chat import origin
from chat.models import Door, User
from delivery.breaker import Breaker, BreakerOpen
from delivery.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is counted: its name in Redis' keys, the field of settings.LIMITS, the window, and the sentence of a refusal."""

    name: str
    limit: str
    seconds: int
    sentence: str
    #: Repeats are free up to so many attempts for each one that is allowed; 0: without an end.
    attempts_each: int = 0

    @property
    def most(self) -> int:
        return int(getattr(settings.LIMITS, self.limit))

    def keys(self, user: int) -> list[str]:
        return [f"gapless:{self.name}:{user}", f"gapless:{self.name}-tried:{user}"]

    def refusal(self, wait: float) -> RateLimited:
        said = self.sentence.format(limit=self.most, wait=max(1, round(wait)))
        return RateLimited(said, retry_after=max(wait, 0.001), limit=self.most)


MESSAGES = Allowance("said", "messages_per_minute", 60, "You may send {limit} messages a minute: wait {wait} s.", 5)
CREATIONS = Allowance("opened", "creations_per_hour", 3600, "You may open {limit} channels an hour: wait {wait} s.")
REQUESTS = Allowance("asked", "requests_per_minute", 60, "You may ask {limit} times a minute over HTTP: wait {wait} s.")
JOINS = Allowance("joined", "joins_per_hour", 3600, "You may join {limit} channels an hour: wait {wait} s.")


@dataclass(frozen=True, slots=True)
class Usage:
    """What is left of an allowance, and the seconds until there is one more."""

    limit: int
    remaining: int
    reset: float


#: What a call to Redis may take before the local window decides.
PATIENCE_SECONDS = 0.1
#: After a failure Redis is left alone for so long.
PAUSE_SECONDS = 1
#: Users whose local windows are kept; with more, all begin anew.
MOST_LOCAL_USERS = 10_000
#: How long it is believed who is exempt.
EXEMPT_SECONDS = 30

AWAY = (RedisError, OSError, TimeoutError)

# KEYS: the user's window and the user's attempts. ARGV: the limit, the thing's id ('' only asks), the window in µs, the most
# attempts (0: as many as one likes). Uses Redis' own clock; a thing that is repeated counts once. Returns the µs until it may
# be tried (-1 when allowed), how many are in the window, and the µs until the oldest leaves it.
_WINDOW = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local window = tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local function answer(wait)
    local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
    return {wait, redis.call('ZCARD', KEYS[1]), oldest and oldest + window - now or 0}
end
if ARGV[2] == '' then return answer(-1) end
if tonumber(ARGV[4]) > 0 then
    if redis.call('INCR', KEYS[2]) == 1 then redis.call('PEXPIRE', KEYS[2], window / 1000) end
    if tonumber(redis.call('GET', KEYS[2])) > tonumber(ARGV[4]) then return answer(redis.call('PTTL', KEYS[2]) * 1000) end
end
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return answer(-1) end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then
    return answer(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] + window - now)
end
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('PEXPIRE', KEYS[1], window / 1000)
return answer(-1)
"""


class MessageWindow:
    """The messages' allowance for the event loop that made it."""

    def __init__(self) -> None:
        self._redis = aioredis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
        self._script = self._redis.register_script(_WINDOW)
        self._breaker = Breaker("redis_limits", failures=1, pause_seconds=PAUSE_SECONDS)
        self._local = LocalWindows(MESSAGES)

    async def admit(self, user: int, client_msg_id: uuid.UUID) -> Usage | None:
        """Counts one message; None where there is no limit. Raises RateLimited with the true time until the next one."""
        if MESSAGES.most == 0:
            return None
        key = str(client_msg_id)
        try:
            wait, usage = await self._breaker.call(lambda: self._ask(user, key), counts=AWAY)
        except (BreakerOpen, *AWAY):
            wait, usage = self._local.ask(user, key)
        else:
            if wait < 0:
                # So that a moment without Redis finds the window as full as it is.
                self._local.note(user, key)
        if wait >= 0:
            raise MESSAGES.refusal(wait)
        return usage

    async def close(self) -> None:
        await self._redis.aclose()

    async def _ask(self, user: int, key: str) -> tuple[float, Usage]:
        asked = self._script(keys=MESSAGES.keys(user), args=_arguments(MESSAGES, key))
        return _read(MESSAGES, await asyncio.wait_for(asked, PATIENCE_SECONDS))


@contextlib.contextmanager
def counted(allowance: Allowance, user: User) -> Iterator[None]:
    """Counts one act of a verb, unless the verb fails. Raises RateLimited with the true time until the next one.

    Whoever is exempt, and the console, may as much as they like.
    """
    if origin.here().door == Door.COMMAND or allowance.most == 0 or is_exempt(user):
        yield
        return
    key = uuid.uuid4().hex
    wait, _ = _shared(allowance).ask(user.pk, key)
    if wait >= 0:
        raise allowance.refusal(wait)
    try:
        yield
    except BaseException:
        _shared(allowance).forget(user.pk, key)
        raise


def count(allowance: Allowance, user: User) -> Usage | None:
    """Counts one thing, whatever becomes of it; None where there is no limit. Raises RateLimited."""
    if allowance.most == 0 or is_exempt(user):
        return None
    wait, usage = _shared(allowance).ask(user.pk, uuid.uuid4().hex)
    if wait >= 0:
        raise allowance.refusal(wait)
    return usage


def usage_of(allowance: Allowance, user: User) -> Usage | None:
    """What is left; None where there is no limit."""
    if allowance.most == 0 or is_exempt(user):
        return None
    return _shared(allowance).ask(user.pk, "")[1]


def is_exempt(user: User) -> bool:
    return (settings.RATE_LIMIT_EXEMPT_STAFF and user.is_staff) or user.username in settings.RATE_LIMIT_EXEMPT_USERS


def exempt_users() -> set[int]:
    """Everybody to whom the settings grant an exemption."""
    named = Q(username__in=settings.RATE_LIMIT_EXEMPT_USERS)
    exempt = named | Q(is_staff=True) if settings.RATE_LIMIT_EXEMPT_STAFF else named
    return set(User.objects.filter(exempt).values_list("pk", flat=True))


class SharedWindows:
    """One allowance for verbs, which run in threads."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._redis = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
        )
        self._script = self._redis.register_script(_WINDOW)
        self._local = LocalWindows(allowance)
        self._rests_until = 0.0

    def ask(self, user: int, key: str) -> tuple[float, Usage]:
        if time.monotonic() >= self._rests_until:
            try:
                answer = self._script(keys=self._allowance.keys(user), args=_arguments(self._allowance, key))
            except AWAY:
                self._rests_until = time.monotonic() + PAUSE_SECONDS
            else:
                wait, usage = _read(self._allowance, answer)
                if wait < 0 and key:
                    self._local.note(user, key)
                return wait, usage
        return self._local.ask(user, key)

    def forget(self, user: int, key: str) -> None:
        self._local.forget(user, key)
        try:
            self._redis.zrem(self._allowance.keys(user)[0], key)
        except AWAY:
            self._rests_until = time.monotonic() + PAUSE_SECONDS


@cache
def _shared(allowance: Allowance) -> SharedWindows:
    return SharedWindows(allowance)


@dataclass
class LocalWindows:
    """The windows as this process alone knows them."""

    allowance: Allowance
    _users: dict[int, OrderedDict[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, user: int, key: str) -> tuple[float, Usage]:
        with self._lock:
            done, now, most = self._window(user), time.monotonic(), self.allowance.most
            left = next(iter(done.values())) + self.allowance.seconds - now if done else 0.0
            if key and key not in done:
                if len(done) >= most:
                    return left, Usage(most, 0, left)
                done[key] = now
            return -1, Usage(most, max(0, most - len(done)), left or self.allowance.seconds)

    def note(self, user: int, key: str) -> None:
        with self._lock:
            self._window(user).setdefault(key, time.monotonic())

    def forget(self, user: int, key: str) -> None:
        with self._lock:
            self._window(user).pop(key, None)

    def _window(self, user: int) -> OrderedDict[str, float]:
        if len(self._users) > MOST_LOCAL_USERS:
            self._users.clear()
        done = self._users.setdefault(user, OrderedDict())
        since = time.monotonic() - self.allowance.seconds
        while done and next(iter(done.values())) <= since:
            done.popitem(last=False)
        return done


def _arguments(allowance: Allowance, key: str) -> list[str | int]:
    return [allowance.most, key, allowance.seconds * 1_000_000, allowance.most * allowance.attempts_each]


def _read(allowance: Allowance, answer: Sequence[Any]) -> tuple[float, Usage]:
    wait, used, reset = (int(number) for number in answer)
    usage = Usage(allowance.most, max(0, allowance.most - used), reset / 1_000_000)
    return (wait / 1_000_000 if wait >= 0 else -1), usage
