"""The Host that a request names: checked for every path but those that machines ask for by address."""

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from structlog.contextvars import bind_contextvars

from chat.api.problems import bad_request
from chat.middleware.watched import ALWAYS_ANSWERED

#: Of a foreign Host, so much is logged.
LOGGED_CHARACTERS = 100


class HostIsOurs(CommonMiddleware):
    """Django's, without a traceback for what any stranger may send: the request's own log line says which Host it was."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        if request.path in ALWAYS_ANSWERED:
            return None
        try:
            return super().process_request(request)
        except DisallowedHost as error:
            bind_contextvars(foreign_host=request.META.get("HTTP_HOST", "")[:LOGGED_CHARACTERS])
            return bad_request(request, error)
