"""Limits how many secret links one address opens: invitations, new passwords, the set-up. django-ratelimit counts.

Its windows are fixed, so two windows can be used up at their edge: that is good enough, because 256 bits must be guessed. It counts
in Redis for all processes, and in each process alone while Redis is away: links still work.
"""

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import get_usage

from chat.allowances.attempts import line_of_request
from delivery.redis import REDIS_AWAY
from delivery.wire.errors import RateLimited

View = Callable[..., HttpResponse]


def counted_as_link(view: View) -> View:
    """Decorates the view of a secret link. Raises RateLimited beyond `address_links_per_minute`."""

    @functools.wraps(view)
    def open_link(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        most = settings.LIMITS.address_links_per_minute
        if most > 0:
            usage = get_usage(request, group="links", key=_line, rate=f"{most}/m", increment=True)
            if usage["should_limit"]:
                left = max(1, usage["time_left"])
                raise RateLimited("Too many links were opened from here: wait a while.", retry_after=left, limit=most)
        return view(request, *args, **kwargs)

    return open_link


def _line(group: str, request: HttpRequest) -> str:
    return line_of_request(request)


class LinksCache(RedisCache):
    """A cache with only the methods that django-ratelimit needs."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._local = LocMemCache("gapless-links", {"OPTIONS": {"MAX_ENTRIES": 10_000}})

    def add(self, key: Any, value: Any, timeout: Any = None, version: Any = None) -> bool:
        try:
            return bool(super().add(key, value, timeout, version))
        except REDIS_AWAY:
            return bool(self._local.add(key, value, timeout, version))

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        try:
            return int(super().incr(key, delta, version))
        except REDIS_AWAY:
            return int(self._local.incr(key, delta, version))
