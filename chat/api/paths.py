"""Every path under /api/v1/ answers with and without its last slash, and never redirects: clients turn a redirected POST into a GET
that posts nothing and says 200."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import is_valid_path
from django.utils.decorators import sync_and_async_middleware

from chat.api import problems

ROOT = "/api/v1/"
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")

Respond = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def one_path(get_response: Respond) -> Respond:
    """Middleware that needs no thread."""
    if iscoroutinefunction(get_response):
        respond: Callable[[HttpRequest], Awaitable[HttpResponse]] = get_response

        async def answer_async(request: HttpRequest) -> HttpResponse:
            _end_with_a_slash(request)
            return _refusal(request) or await respond(request)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        _end_with_a_slash(request)
        return _refusal(request) or get_response(request)

    return answer


def _end_with_a_slash(request: HttpRequest) -> None:
    # In the same way a redirect would lose a form that is posted to a page's path without its slash.
    if not _is_ours(request) and request.method in _SAFE:
        return
    path = request.path_info
    if not path.endswith("/") and not is_valid_path(path) and is_valid_path(f"{path}/"):
        request.path_info += "/"
        request.path += "/"


def _refusal(request: HttpRequest) -> HttpResponse | None:
    # Pages, unlike the API, redirect to https (SECURE_SSL_REDIRECT).
    if settings.SECURE_SSL_REDIRECT and _is_ours(request) and not request.is_secure():
        return problems.not_secure(request)
    return None


def _is_ours(request: HttpRequest) -> bool:
    return request.path_info.startswith(ROOT)
