"""`/healthz`: the process answers, without asking others. `/readyz`: it can do its work, with each dependency's milliseconds.
`/version`: the release that answers.

Monitors ask by address: these paths and the metrics answer for any Host header.
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

#: If no waiting request got a place for so long, HTTP stands still, and other processes should get the work; seconds.
STANDING_SECONDS = 5


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers, without asking PostgreSQL or Redis."""
    return HttpResponse("ok\n", content_type="text/plain")


def version(request: HttpRequest) -> JsonResponse:
    """The release that answers, and its commit. During a deploy the old and the new release answer in turn."""
    return JsonResponse({"version": VERSION, "commit": commit()})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when this process should get work; 503 while it drains, when PostgreSQL is away, or while HTTP stands still.

    The answer also says whether each Redis is there; without Redis it stays 200.
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
    # The same names as in the metrics of their breakers.
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
        # The monitor learns that it is away; the operator finds the reason in the log.
        logger.warning("asked by /readyz: %s", error)
        is_ok = False
    return {"ok": is_ok, "milliseconds": round((time.perf_counter() - started) * 1000, 1)}
