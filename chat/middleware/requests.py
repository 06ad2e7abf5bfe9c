"""Counts the HTTP requests of each user at all doors: pages, the admin and the API, by session or by token.

Requests without a login are limited by address only: chatproject/serving/address_rate.py.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from chat.allowances.counting import collecting_usage, count
from chat.allowances.table import REQUESTS
from chat.api.usage import with_usage
from chat.middleware.watched import ALWAYS_ANSWERED
from chat.pages.errors import rate_limited
from delivery.wire.errors import RateLimited

#: Key in the scope: a function that takes the user, once the user is known.
TELL_USER = "gapless.tell_user"
#: Key in the scope of a request that has waited: it was counted when it came.
HAS_WAITED = "gapless.has_waited"


class RequestsAreCounted:
    """Middleware: counts requests of pages and the admin, and puts the rest of the allowance into every answer.

    This is the allowance of the act, which is the smaller one, or else that of requests.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/") and request.path not in ALWAYS_ANSWERED:
            try:
                _note(request, request.user)
            except RateLimited as refusal:
                return rate_limited(request, refusal)
        with collecting_usage() as acts:
            response = self._get_response(request)
        tightest = acts[-1] if acts else getattr(request, "usage", None)
        # A refusal has its own headers already.
        is_said = response.has_header("X-RateLimit-Limit")
        return response if is_said else with_usage(response, tightest)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answers RateLimited of a page's view, which counts tries by itself."""
        return rate_limited(request, exception) if isinstance(exception, RateLimited) else None


class CountedByTheApi(BaseThrottle):
    """Counts the API's requests, where the user of a token is known. Raises RateLimited."""

    def allow_request(self, request: Request, view: Any) -> bool:
        _note(request._request, request.user)
        return True


def _note(request: HttpRequest, user: Any) -> None:
    scope = getattr(request, "scope", {})
    if user.is_authenticated and TELL_USER in scope:
        scope[TELL_USER](user.pk)
    if user.is_authenticated and not scope.get(HAS_WAITED):
        request.usage = count(REQUESTS, user)  # type: ignore[attr-defined]
