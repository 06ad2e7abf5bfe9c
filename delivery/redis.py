"""The one room for Redis: its clients, how long a call may take, what of its errors says that it is away, how keys begin.

A script lies in a .lua file beside who runs it. Nothing in Redis may be the only copy of anything.
"""

from pathlib import Path
from typing import Any

from redis import Redis
from redis import asyncio as aioredis
from redis.exceptions import RedisError

#: What a call raises when Redis is away, slow or full.
REDIS_AWAY = (RedisError, OSError, TimeoutError)
#: What a call may take, where its caller knows no better.
PATIENCE_SECONDS = 1.0


def client(url: str, *, patience_seconds: float = PATIENCE_SECONDS, is_brief: bool = False, **more: Any) -> Redis:
    """For threads. is_brief: without greetings and retries, which would add to what the first call may take."""
    if is_brief:
        more |= {"protocol": 2, "driver_info": None, "retry": None}
    return Redis.from_url(url, socket_timeout=patience_seconds, socket_connect_timeout=patience_seconds, **more)


def loop_client(url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> aioredis.Redis:
    """For the event loop that uses it first."""
    # Who we are is not said: to find that out takes the loop longer than to connect.
    return aioredis.Redis.from_url(
        url, socket_timeout=patience_seconds, socket_connect_timeout=patience_seconds, driver_info=None
    )


def script(beside: str, name: str) -> str:
    """The text of a .lua file beside the module whose __file__ that is."""
    return Path(beside).with_name(name).read_text()


def key(*parts: object) -> str:
    """The name of something of ours."""
    return ":".join(("gapless", *map(str, parts)))
