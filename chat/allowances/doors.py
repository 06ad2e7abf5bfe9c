"""The counts of the guarded doors (sign-in, sign-up): in Redis for all processes; while it is away, in this process alone.

Closed, nobody could sign in without Redis; open, everybody could guess. So each process goes on counting for itself.
"""

from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

AWAY = (RedisError, OSError)


class GuardCache(RedisCache):
    """What django-ratelimit asks of a cache, and nothing else."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._local = LocMemCache("gapless-guard", {"OPTIONS": {"MAX_ENTRIES": 10_000}})

    def add(self, key: Any, value: Any, timeout: Any = None, version: Any = None) -> bool:
        try:
            return bool(super().add(key, value, timeout, version))
        except AWAY:
            return bool(self._local.add(key, value, timeout, version))

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        try:
            return int(super().incr(key, delta, version))
        except AWAY:
            return int(self._local.incr(key, delta, version))
