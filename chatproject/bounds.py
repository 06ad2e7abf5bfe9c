"""What HTTP may take: the bytes of a request, and how many are worked on at once, so that sockets keep their share."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Answered even when everything else waits.
ALWAYS = {"/healthz", "/readyz", "/metrics"}


class Bounded:
    """Refuses bodies above the limit with 413 before they are read, and lets a third of the pool's size work at once."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._at_once = asyncio.Semaphore(max(2, settings.DATABASE_POOL // 3))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = settings.LIMITS.request_bytes
        if _content_length(scope) > most:
            await _refuse(send)
            return
        counted = _counting(receive, most)
        if scope["path"] in ALWAYS:
            await self._application(scope, counted, send)
            return
        async with self._at_once:
            await self._application(scope, counted, send)


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _counting(receive: Receive, most: int) -> Receive:
    read = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal read
        event = await receive()
        read += len(event.get("body", b""))
        # A body that never said its length: to Django the client has gone.
        return {"type": "http.disconnect"} if read > most else event

    return counted


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    body = b'{"type":"urn:gapless:invalid","title":"Request Entity Too Large","status":413,"code":"invalid",'
    await send({"type": "http.response.body", "body": body + b'"detail":"The request is too large."}'})
