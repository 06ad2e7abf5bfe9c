"""Everything about Redis: its clients, the time limits of calls, the errors that mean that it is away, the beginning of keys.

A script is in a .lua file beside the module that runs it. Nothing in Redis may be the only copy of anything.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from redis import ConnectionPool, Redis
from redis import asyncio as aioredis
from redis.exceptions import RedisError

from delivery.redis import sentinel
from delivery.redis.shared import SharedRedis

#: The exceptions of a call while Redis is away, slow or full.
REDIS_AWAY = (RedisError, OSError, TimeoutError)
#: The time limit of a call, unless its caller sets another one; seconds.
PATIENCE_SECONDS = 1.0


class Pool:
    """The connection pool of Django's cache and of our clients for threads."""

    @staticmethod
    def from_url(url: str, **options: Any) -> ConnectionPool:
        """A pool for any URL that REDIS_URL allows."""
        return sentinel.pool(url, **options) if sentinel.is_watched(url) else ConnectionPool.from_url(url, **options)


def require_usable(url: str) -> None:
    """Raises ValueError for a URL that can't be understood. Connects to nothing."""
    parts = urlsplit(url)
    if parts.scheme in ("redis", "rediss") and parts.path.strip("/"):
        # The library takes database 0 for what is no number.
        int(parts.path.strip("/"))
    try:
        Pool.from_url(url).make_connection()
    except TypeError as error:
        raise ValueError("an option that no connection has") from error


def client(url: str, *, patience_seconds: float = PATIENCE_SECONDS, is_brief: bool = False, **more: Any) -> Redis:
    """A client for threads. is_brief: without a handshake and retries, which would take longer than the time limit."""
    if is_brief:
        more |= {"protocol": 2, "driver_info": None, "retry": None}
    pool = Pool.from_url(url, socket_timeout=patience_seconds, socket_connect_timeout=patience_seconds, **more)
    return Redis.from_pool(pool)


def loop_client(url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> SharedRedis:
    """A client for the event loop that creates it."""
    # Who we are is not said: to find that out takes the loop longer than to connect.
    pool_of = sentinel.loop_pool if sentinel.is_watched(url) else aioredis.ConnectionPool.from_url
    pool = pool_of(url, socket_timeout=patience_seconds, socket_connect_timeout=patience_seconds, driver_info=None)
    return SharedRedis(connection_pool=pool)


def layer_host(url: str, **options: Any) -> dict[str, Any]:
    """An entry of `hosts` in the configuration of channels-redis."""
    return sentinel.layer_host(url, **options) if sentinel.is_watched(url) else {"address": url, **options}


def script(beside: str, name: str) -> str:
    """The text of a .lua file beside the module whose __file__ that is."""
    return Path(beside).with_name(name).read_text()


def key(*parts: object) -> str:
    """The name of a key of ours, with our prefix."""
    return ":".join(("gapless", *map(str, parts)))
