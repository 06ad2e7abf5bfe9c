"""Error pages for people: sentences instead of codes."""

import math

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from chat.allowances.window import Usage
from chat.api.usage import with_usage
from delivery.wire.errors import RateLimited


def rate_limited(request: HttpRequest, refusal: RateLimited) -> HttpResponse:
    """The page for too many requests of one user, or too many tries from one address or for one name."""
    usage = Usage(refusal.limit or 0, 0, refusal.retry_after or 1)
    response = with_usage(render(request, "429.html", status=429), usage)
    response["Retry-After"] = str(math.ceil(usage.reset))
    return response
