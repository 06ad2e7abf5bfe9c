"""Measures HTTP, and serves the page of metrics, with several processes as one.

The middleware is our own: django-prometheus' needs four changes of thread for each request, and labels by view names, which few
views have.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLResolver
from django.utils.decorators import sync_and_async_middleware
from django_prometheus.db import metrics as database
from prometheus_client import Counter, Gauge, Histogram

from chatproject.serving import metrics_server
from chatproject.serving.metrics_access import may_read_metrics
from chatproject.version import VERSION, commit

ADMIN = "admin/"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

http_seconds = Histogram(
    "gapless_http_seconds",
    "From a request's arrival in Django to its response, by the path's pattern and by method.",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
http_responses = Counter(
    "gapless_http_responses", "Responses, by the path's pattern, method and status.", ["route", "method", "status"]
)
door_refusals = Counter(
    "gapless_door_refusals",
    "Requests, handshakes and connections that the server refused before Django saw them, by reason.",
    ["reason"],
)
http_places_taken = Gauge(
    "gapless_http_places_taken", "Requests that the process is working on.", multiprocess_mode="livesum"
)
build = Gauge(
    "gapless_build_info", "1, with the version and the commit that serve.", ["version", "commit"],
    multiprocess_mode="livemax",
)  # fmt: skip
files_exhausted_seconds = Counter(
    "gapless_files_exhausted_seconds", "Seconds in which no further file or connection could be opened."
)
http_waiting = Gauge("gapless_http_waiting", "Requests that wait for a place.", multiprocess_mode="livesum")

#: What anything may be answered with, besides what it gives.
_REFUSALS = (400, 401, 403, 404, 409, 429, 500, 503)

#: Errors of statements that are known by name: what we tell apart, and the kinds of PEP 249.
_DATABASE_ERRORS = (
    *("OperationalError", "InterfaceError", "IntegrityError", "DataError", "ProgrammingError", "InternalError"),
    *("UniqueViolation", "CheckViolation", "ForeignKeyViolation", "LockNotAvailable", "QueryCanceled"),
    *("DeadlockDetected", "SerializationFailure", "AdminShutdown", "IdleInTransactionSessionTimeout"),
)
_OF_THE_DATABASE = ("default", "postgresql")

Respond = Callable[[HttpRequest], Any]


class ResponseListener(Protocol):
    """Hears of an answered request: its path's pattern and method as they are counted, and when it came (perf_counter)."""

    def __call__(
        self, request: HttpRequest, response: HttpResponse, *, route: str, method: str, began_at: float
    ) -> None: ...


#: Functions that are called for each answered request of this process.
response_listeners: list[ResponseListener] = []


def count_from_zero(patterns: Iterable[object], prefix: str = "") -> None:
    """Responses exist at 0 from the first scrape on, by every known path, method and status: else a rate misses the first."""
    for pattern in patterns:
        route = f"{prefix}{getattr(pattern, 'pattern', '')}"
        if isinstance(pattern, URLResolver) and route != ADMIN:
            count_from_zero(pattern.url_patterns, route)
        else:
            view = getattr(getattr(pattern, "callback", None), "cls", None)
            for method in ("GET", "POST") if view is None else ("GET", "POST", "PATCH", "DELETE"):
                operation = getattr(view, method.lower(), None)
                if view is None or operation is not None:
                    gives = operation.documented.gives if operation is not None else (200, 302)
                    for status in (*gives, *_REFUSALS):
                        http_responses.labels(route, method, status)


def _count_database_from_zero() -> None:
    for counter in (
        database.connections_total,
        database.connection_errors_total,
        database.execute_total,
        database.execute_many_total,
    ):
        counter.labels(*_OF_THE_DATABASE)
    for name in _DATABASE_ERRORS:
        database.errors_total.labels(*_OF_THE_DATABASE, name)


_count_database_from_zero()


def say_build() -> None:
    """Exports the release; a serving process calls it."""
    build.labels(VERSION, commit()).set(1)


@sync_and_async_middleware
def measured(get_response: Respond) -> Respond:
    """Middleware that needs no thread."""
    if iscoroutinefunction(get_response):
        respond: Callable[[HttpRequest], Awaitable[HttpResponse]] = get_response

        async def measure_async(request: HttpRequest) -> HttpResponse:
            began_at = time.perf_counter()
            response = await respond(request)
            _count(request, response, began_at)
            return response

        return measure_async

    def measure(request: HttpRequest) -> HttpResponse:
        began_at = time.perf_counter()
        response: HttpResponse = get_response(request)
        _count(request, response, began_at)
        return response

    return measure


def metrics_page(request: HttpRequest) -> HttpResponse:
    """The metrics for Prometheus: with METRICS_TOKEN, or from METRICS_ALLOWED without a proxy between; 404 with METRICS_PORT."""
    if settings.METRICS_PORT:
        return HttpResponse("The figures are on a port of their own.\n", status=404, content_type="text/plain")
    if not may_read_metrics(request.META.get("REMOTE_ADDR", ""), request.headers.get):
        return HttpResponse(
            "These figures are for METRICS_TOKEN or METRICS_ALLOWED.\n", status=403, content_type="text/plain"
        )
    return HttpResponse(metrics_server.page(), content_type=metrics_server.CONTENT_TYPE)


def _count(request: HttpRequest, response: HttpResponse, began_at: float) -> None:
    match = request.resolver_match
    route = match.route if match is not None else "other"
    if route.startswith(ADMIN):
        route = ADMIN
    method = request.method if request.method in _METHODS else "other"
    http_seconds.labels(route, method).observe(time.perf_counter() - began_at)
    http_responses.labels(route, method, response.status_code).inc()
    for hear in response_listeners:
        hear(request, response, route=route, method=method, began_at=began_at)
