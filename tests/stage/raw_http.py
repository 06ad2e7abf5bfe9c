"""HTTP without a client library, to send bytes that no client would send."""

import asyncio
import contextlib
import re
from collections.abc import Sequence

#: Nobody promises it; it ends a wait that would not end.
PATIENCE = 20


async def knock(port: int, *pieces: bytes, every: float = 0.0, patience: float = PATIENCE) -> bytes:
    """All that is answered to these pieces until the server hangs up. Raises TimeoutError when it does not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sending = asyncio.ensure_future(_send(writer, pieces, every))
    try:
        async with asyncio.timeout(patience):
            return await _heard(reader)
    finally:
        sending.cancel()
        writer.transport.abort()


async def _heard(reader: asyncio.StreamReader) -> bytes:
    heard = bytearray()
    # A connection that is reset may have said something before.
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(2**16):
            heard += piece
    return bytes(heard)


async def _send(writer: asyncio.StreamWriter, pieces: Sequence[bytes], every: float) -> None:
    for piece in pieces:
        if writer.is_closing():
            return
        writer.write(piece)
        await asyncio.sleep(every)


def statuses(answer: bytes) -> list[int]:
    """Of all answers, in order."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3})", answer)]


def head(request: str, *headers: str) -> bytes:
    """`head("GET /healthz", "Connection: close")`."""
    return "\r\n".join([f"{request} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode("latin-1")


def handshake(*headers: str, path: str = "/ws/", method: str = "GET") -> bytes:
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    return head(f"{method} {path}", *upgrade, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", *headers)


def of_size(count: int, request: str = "GET /healthz", *headers: str) -> bytes:
    """A head of exactly so many bytes."""
    return head(request, *headers, "X-Filler: " + "x" * (count - len(head(request, *headers, "X-Filler: "))))
