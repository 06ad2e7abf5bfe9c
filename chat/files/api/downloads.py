"""Sends a file's bytes: as a download, or inline where nothing can run; whole or a range; 304 if the client has them already."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags

from chat.files import storage
from chat.files.sanitizing.file_types import SHOWN
from chat.models import File
from delivery.wire.errors import NotFound

#: Read at once.
PIECE_BYTES = 64 * 1024
# No file has more bytes than 18 digits say; of a number of thousands Python makes none.
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")
#: Opened by itself such a file runs nothing, loads nothing and is of no origin.
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'"


class Bytes(StreamingHttpResponse):
    """Read piece by piece in threads, as fast as the reader takes them."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _in_threads(iter(self))


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while piece := await sync_to_async(_next, thread_sensitive=False)(pieces):
        yield piece


def _next(pieces: Iterator[bytes]) -> bytes:
    return next(pieces, b"")


def file_response(request: HttpRequest, row: File, *, name: str) -> HttpResponseBase:
    """`name`: of the bytes in its folder. Raises NotFound when they are not there, whatever the row says."""
    tag = f'"{row.folder[-16:]}-{name}"'
    held = parse_etags(request.headers.get("If-None-Match", ""))
    kind = row.type if name == storage.WHOLE else "image/webp"
    response: HttpResponseBase
    if tag in held:
        response = HttpResponse(status=304)
    else:
        response = _bytes(request, row, name, tag)
        response["Content-Type"] = kind if kind != "text/plain" else "text/plain; charset=utf-8"
        response["Accept-Ranges"] = "bytes"
        response["Content-Disposition"] = content_disposition_header(kind not in SHOWN, row.name) or "attachment"
    response["ETag"] = tag
    # Browsers ask again at each use, so that a user who has lost access does not see it any more.
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Cookie, Authorization"
    response["Content-Security-Policy"] = SANDBOX
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _bytes(request: HttpRequest, row: File, name: str, tag: str) -> HttpResponseBase:
    try:
        content = storage.get(row.folder, name)
        size = content.seek(0, 2)
    except FileNotFoundError:
        raise NotFound("The bytes of this file are not there any more.") from None
    asked = _asked(request, size, tag)
    if asked is None:
        content.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = asked
    response = Bytes(_pieces(content, first, last - first + 1))
    response["Content-Length"] = str(last - first + 1)
    if (first, last) != (0, size - 1):
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response


def _asked(request: HttpRequest, size: int, tag: str) -> tuple[int, int] | None:
    """The first and the last byte; None for a range that the file does not have. RFC 9110: what is no single range is all of it."""
    found = _RANGE.match(request.headers.get("Range", "").strip())
    if found is None or not any(found.groups()) or request.headers.get("If-Range", tag) != tag:
        return 0, size - 1
    begins, ends = found.groups()
    if not begins:
        first, last = max(0, size - int(ends)), size - 1
    else:
        first, last = int(begins), min(int(ends) if ends else size - 1, size - 1)
    return (first, last) if first <= last else None


def _pieces(content: IO[bytes], first: int, left: int) -> Iterator[bytes]:
    with content:
        content.seek(first)
        while left > 0 and (piece := content.read(min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
