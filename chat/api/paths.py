"""What holds for every path under /api/v1/, whatever is behind it: with or without its last slash it is one path, and nobody is
sent elsewhere: a redirected POST becomes a GET that posts nothing and says 200."""

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
    """Middleware without a thread hop."""
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
    # A form that is posted to a page without its slash would be lost in the same way.
    if not _is_ours(request) and request.method in _SAFE:
        return
    path = request.path_info
    if not path.endswith("/") and not is_valid_path(path) and is_valid_path(f"{path}/"):
        request.path_info += "/"
        request.path += "/"


def _refusal(request: HttpRequest) -> HttpResponse | None:
    # Pages are sent to https instead (SECURE_SSL_REDIRECT).
    if settings.SECURE_SSL_REDIRECT and _is_ours(request) and not request.is_secure():
        return problems.not_secure(request)
    return None


def _is_ours(request: HttpRequest) -> bool:
    return request.path_info.startswith(ROOT)
