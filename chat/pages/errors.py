"""Pages that say what went wrong: sentences, not codes."""

import math

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_ratelimit.exceptions import Ratelimited

from chat.allowances.window import Usage
from chat.api.usage import with_usage


class TooOften(Ratelimited):
    """Too many attempts from one address or for one name."""

    def __init__(self, usage: Usage) -> None:
        super().__init__()
        self.usage = usage


def rate_limited(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What django-ratelimit's middleware answers (RATELIMIT_VIEW)."""
    usage = exception.usage if isinstance(exception, TooOften) else Usage(0, 0, 60)
    response = with_usage(render(request, "429.html", status=429), usage)
    response["Retry-After"] = str(math.ceil(usage.reset))
    return response
