"""How much one user may say: an exact sliding window of 60 s, shared by all doors and processes through one call to Redis.

Redis away: a window of this process alone, so that nobody is let through unlimited and nobody is locked out.
"""

import asyncio
import time
import uuid
from collections import OrderedDict

from django.conf import settings
from redis import asyncio as aioredis
from redis.exceptions import RedisError

from delivery.breaker import Breaker, BreakerOpen
from delivery.errors import RateLimited

WINDOW_SECONDS = 60
#: What a call to Redis may take before the local window decides.
PATIENCE_SECONDS = 0.1

#: Users whose local windows are kept; with more, all begin anew.
MOST_LOCAL_USERS = 10_000
#: Repeats are free up to so many attempts for each message that is allowed: they cost the server as much as messages.
ATTEMPTS_A_MESSAGE = 5

# KEYS: the user's window and the user's attempts. ARGV: the limit, the message's id, the window in µs, the most attempts.
# Uses Redis' own clock; a message that is repeated counts once. Returns -1 when allowed, else the µs until it may be tried.
_WINDOW = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local window = tonumber(ARGV[3])
if redis.call('INCR', KEYS[2]) == 1 then redis.call('PEXPIRE', KEYS[2], window / 1000) end
if tonumber(redis.call('GET', KEYS[2])) > tonumber(ARGV[4]) then return redis.call('PTTL', KEYS[2]) * 1000 end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return -1 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then
    return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] + window - now
end
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('PEXPIRE', KEYS[1], window / 1000)
return -1
"""


class MessageWindow:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._redis = aioredis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
        self._script = self._redis.register_script(_WINDOW)
        self._breaker = Breaker(failures=1, pause_seconds=1)
        self._local: dict[int, OrderedDict[uuid.UUID, float]] = {}

    async def admit(self, user: int, client_msg_id: uuid.UUID) -> None:
        """Counts one message. Raises RateLimited with the true time until the next one is allowed."""
        limit = settings.LIMITS.messages_per_minute
        if limit == 0:
            return
        try:
            wait = await self._breaker.call(
                lambda: self._ask(user, client_msg_id, limit), counts=(RedisError, OSError, TimeoutError)
            )
        except (BreakerOpen, RedisError, OSError, TimeoutError):
            wait = self._ask_locally(user, client_msg_id, limit)
        if wait >= 0:
            raise RateLimited(
                f"You may send {limit} messages a minute: wait {max(1, round(wait))} s.", retry_after=max(wait, 0.001)
            )

    async def close(self) -> None:
        await self._redis.aclose()

    async def _ask(self, user: int, client_msg_id: uuid.UUID, limit: int) -> float:
        arguments: list[str | int] = [
            *(limit, str(client_msg_id), WINDOW_SECONDS * 1_000_000, limit * ATTEMPTS_A_MESSAGE)
        ]
        asked = self._script(keys=[f"gapless:said:{user}", f"gapless:tried:{user}"], args=arguments)
        wait = int(await asyncio.wait_for(asked, PATIENCE_SECONDS))
        return wait / 1_000_000 if wait >= 0 else -1

    def _ask_locally(self, user: int, client_msg_id: uuid.UUID, limit: int) -> float:
        now = time.monotonic()
        if len(self._local) > MOST_LOCAL_USERS:
            self._local.clear()
        said = self._local.setdefault(user, OrderedDict())
        while said and next(iter(said.values())) <= now - WINDOW_SECONDS:
            said.popitem(last=False)
        if client_msg_id in said:
            return -1
        if len(said) >= limit:
            return next(iter(said.values())) + WINDOW_SECONDS - now
        said[client_msg_id] = now
        return -1
