"""The Content-Security-Policy of every answer that has none of its own."""

from collections.abc import Callable
from http import HTTPStatus

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse

#: Of these Django shows a page of its own with DEBUG, which has its styles and scripts inline.
_SHOWN_BY_DEBUG = (HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR)


def content_policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: django-csp's policy, spelled once. Its own middleware would spell it twice for each answer."""
    policy = build_policy()

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not (settings.DEBUG and response.status_code in _SHOWN_BY_DEBUG):
            response.headers.setdefault(HEADER, policy)
        return response

    return answer
