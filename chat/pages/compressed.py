"""Compresses the channel pages with Brotli if the browser knows it: a sixth smaller than gzip, and cheaper.

A page has each message twice, as a row and as data, too far apart for gzip's window. django-http-compression was tried: it prefers
zstd at a level that makes these pages no smaller than gzip does.
"""

import re
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

import brotli
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.gzip import gzip_page

QUALITY = 5
#: The most random bytes that are added to an answer, so that its size tells nothing of the secrets in it (BREACH).
MOST_NOISE = 100
_KNOWS_BROTLI = re.compile(r"\bbr\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")


def compressed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Compresses the view's pages, with gzip for browsers without Brotli; redirects stay as they are."""
    by_gzip = gzip_page(view)

    @wraps(view)
    def answer(request: HttpRequest, **place: Any) -> HttpResponse:
        if not _KNOWS_BROTLI.search(request.headers.get("Accept-Encoding", "")):
            return by_gzip(request, **place)
        response = view(request, **place)
        patch_vary_headers(response, ["Accept-Encoding"])
        if response.content:
            response.content = brotli.compress(response.content, quality=QUALITY)
            response.headers["Content-Encoding"] = "br"
            response.headers["Content-Length"] = str(len(response.content))
            response.headers["X-Noise"] = "~" * secrets.randbelow(MOST_NOISE + 1)
        return response

    return answer
