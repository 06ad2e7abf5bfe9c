"""Compresses the channel pages by Brotli where the browser knows it: a sixth smaller than gzip, and cheaper.

What stands in a page twice (a message as a row and as data) lies too far apart for gzip's window. django-http-compression was
tried: it prefers zstd at a level that makes these pages no smaller than gzip does.
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
#: Of the random length by which an answer is longer, so that what is secret in it can't be told from its size (BREACH).
MOST_NOISE = 100
_KNOWS_BROTLI = re.compile(r"\bbr\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")


def compressed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view's whole pages compressed, by gzip where Brotli isn't known; a redirect stays as it is."""
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
