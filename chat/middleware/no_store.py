"""Keeps browsers and caches from storing an answer, unless the answer itself says for how long.

Without such a header browsers decide: after a sign-out, the Back button would show a private conversation.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware
def no_store(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: sets `Cache-Control: no-store` on answers that have no Cache-Control. It needs no thread."""
    if iscoroutinefunction(get_response):
        respond: Callable[[HttpRequest], Awaitable[HttpResponse]] = get_response

        async def answer_async(request: HttpRequest) -> HttpResponse:
            return _unless_said(await respond(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        return _unless_said(get_response(request))

    return answer


def _unless_said(response: HttpResponse) -> HttpResponse:
    response.headers.setdefault("Cache-Control", "no-store")
    return response
