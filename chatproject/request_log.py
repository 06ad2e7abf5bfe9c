"""Each request with an id: in every log line about it, in problem documents, and in the X-Request-ID of the response."""

import re

from django.http import HttpRequest, HttpResponse
from django_structlog.middlewares import RequestMiddleware
from structlog.contextvars import get_contextvars

#: Paths whose next word lets somebody in.
_SECRET = re.compile(r"^/(setup|invite|new-password)/[^/]+")


def without_secret(path: str) -> str:
    return _SECRET.sub(r"/\1/…", path)


class RequestLog(RequestMiddleware):
    """django-structlog's, without its thread hops, and without queries: what people search for is theirs."""

    async def __acall__(self, request: HttpRequest) -> HttpResponse:
        # Neither does more than bind variables and log: the user, who would have to be read, is not asked for.
        self.prepare(request)
        response: HttpResponse = await self.get_response(request)  # type: ignore[misc]
        self.handle_response(request, response)
        return response

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        response["X-Request-ID"] = get_contextvars().get("request_id", "")
        super().handle_response(request, response)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {without_secret(request.path)}"
