"""`/healthz`: the process answers, nothing else is touched. `/readyz`: it can do its work, with each dependency's milliseconds.
`/version`: which release answers.

A monitor asks by address: these paths and the figures are answered whatever the Host.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from chatproject.serving.bounds import places
from chatproject.version import VERSION, commit
from delivery import node

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

    Redis away is told, not fatal.
    """
    running = node.running()
    is_draining = running is not None and running.is_draining
    dependencies = {"postgresql": _timed(_ask_postgresql), "redis": _timed(_ask_redis)}
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


def _ask_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_redis() -> None:
    cache.get("gapless:ready")


def _timed(ask: Callable[[], None]) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        ask()
        is_ok = True
    except Exception as error:
        # A monitor is told that it is away; why, the operator finds in the log.
        logger.warning("asked by /readyz: %s", error)
        is_ok = False
    return {"ok": is_ok, "milliseconds": round((time.perf_counter() - started) * 1000, 1)}
