"""How long HTTP takes, and the page that Prometheus reads, with several processes as one.

The middleware is our own: those of django-prometheus cost four thread hops a request, and label by view names that few have.
"""

import contextlib
import hmac
import ipaddress
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import Counter, Histogram

#: The variable by which prometheus_client shares figures between processes.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
#: What a proxy adds: then the address is the proxy's, and says nothing about who asks.
_BY_PROXY = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")

http_seconds = Histogram(
    "gapless_http_seconds",
    "From a request's arrival in Django to its response, by the path's pattern and by method.",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
http_responses = Counter(
    "gapless_http_responses", "Responses, by the path's pattern, method and status.", ["route", "method", "status"]
)

Respond = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def measured(get_response: Respond) -> Respond:
    """Middleware without a thread hop."""
    if iscoroutinefunction(get_response):
        respond: Callable[[HttpRequest], Awaitable[HttpResponse]] = get_response

        async def measure_async(request: HttpRequest) -> HttpResponse:
            began_at = time.perf_counter()
            response = await respond(request)
            _count(request, response, time.perf_counter() - began_at)
            return response

        return measure_async

    def measure(request: HttpRequest) -> HttpResponse:
        began_at = time.perf_counter()
        response: HttpResponse = get_response(request)
        _count(request, response, time.perf_counter() - began_at)
        return response

    return measure


def metrics_page(request: HttpRequest) -> HttpResponse:
    """What Prometheus reads: only with METRICS_TOKEN, or from METRICS_ALLOWED without a proxy between."""
    if not _may_read(request):
        return HttpResponse(
            "These figures are for METRICS_TOKEN or METRICS_ALLOWED.\n", status=403, content_type="text/plain"
        )
    page: HttpResponse = ExportToDjangoView(request)
    return page


@contextlib.contextmanager
def shared_figures(*, port: int) -> Iterator[Path]:
    """For the processes that are started within: an empty folder in which they share what they count. Raises OSError."""
    given = os.environ.get(SHARED_FOLDER)
    folder = Path(given) if given else settings.GAPLESS_DATA / f"metrics-{port}"
    folder.mkdir(parents=True, exist_ok=True)
    _empty(folder)
    os.environ[SHARED_FOLDER] = str(folder)
    try:
        yield folder
    finally:
        _empty(folder)
        if not given:
            folder.rmdir()


def _empty(folder: Path) -> None:
    for old in folder.glob("*.db"):
        old.unlink(missing_ok=True)


def _count(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    match = request.resolver_match
    route = match.route if match is not None else "other"
    if route.startswith("admin/"):
        route = "admin/"
    method = request.method if request.method in _METHODS else "other"
    http_seconds.labels(route, method).observe(seconds)
    http_responses.labels(route, method, response.status_code).inc()


def _may_read(request: HttpRequest) -> bool:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return hmac.compare_digest(secret.strip().encode(), settings.METRICS_TOKEN.encode())
    if any(header in request.META for header in _BY_PROXY):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_ALLOWED)
