"""`/healthz`: the process answers, nothing else is touched. `/readyz`: it can do its work, with each dependency's milliseconds.
`/version`: which release answers.

A monitor asks by address: these paths and the figures are answered whatever the Host.
"""

import functools
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import Redis

from chatproject.serving.bounds import places
from chatproject.version import VERSION, commit
from delivery import node
from delivery.redis import client

logger = logging.getLogger("gapless.health")

#: With nothing given on for so long while somebody waits, others should get the work.
STANDING_SECONDS = 5


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is touched."""
    return HttpResponse("ok\n", content_type="text/plain")


def version(request: HttpRequest) -> JsonResponse:
    """The release that answers, and the commit it was made of. During a deploy two may answer in turn."""
    return JsonResponse({"version": VERSION, "commit": commit()})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when this process should get work; 503 while draining, when PostgreSQL is away, or while HTTP stands still.

    Redis away is told, each of several, and not fatal.
    """
    running = node.running()
    is_draining = running is not None and running.is_draining
    dependencies = {name: _timed(ask) for name, ask in _dependencies()}
    is_standing = places.standing_seconds >= STANDING_SECONDS
    is_ready = not is_draining and not is_standing and dependencies["postgresql"]["ok"]
    return JsonResponse(
        {
            "ready": is_ready,
            "draining": is_draining,
            "sockets": running.hub.size if running else 0,
            "http": {
                "places": places.count,
                "taken": places.taken,
                "waiting": places.waiting,
                "standing_seconds": round(places.standing_seconds, 1),
            },
            "dependencies": dependencies,
        },
        status=200 if is_ready else 503,
    )


def _dependencies() -> Iterator[tuple[str, Callable[[], object]]]:
    yield "postgresql", _ask_postgresql
    # As the figures of their breakers are called.
    yield "redis", _ask_redis
    for number, url in enumerate(settings.REDIS_URLS[1:], 1):
        yield f"redis{number}", _client(url).ping


def _ask_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_redis() -> None:
    cache.get("gapless:ready")


@functools.cache
def _client(url: str) -> Redis:
    return client(url, is_brief=True)


def _timed(ask: Callable[[], object]) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        ask()
        is_ok = True
    except Exception as error:
        # A monitor is told that it is away; why, the operator finds in the log.
        logger.warning("asked by /readyz: %s", error)
        is_ok = False
    return {"ok": is_ok, "milliseconds": round((time.perf_counter() - started) * 1000, 1)}
