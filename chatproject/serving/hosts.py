"""Checks a request's Host for every path, except those that monitors ask for by address."""

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from structlog.contextvars import bind_contextvars

from chat.api.problems import bad_request
from chat.middleware.watched import ALWAYS_ANSWERED

#: How many characters of a foreign Host are logged.
LOGGED_CHARACTERS = 100


class HostIsOurs(CommonMiddleware):
    """Django's check, but without a traceback for a foreign Host: the request's log line has the Host."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        if request.path in ALWAYS_ANSWERED:
            return None
        try:
            return super().process_request(request)
        except DisallowedHost as error:
            bind_contextvars(foreign_host=request.META.get("HTTP_HOST", "")[:LOGGED_CHARACTERS])
            return bad_request(request, error)
