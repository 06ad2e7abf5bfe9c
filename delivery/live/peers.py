"""The other end of one socket, as something that takes whole frames. Knows bytes and bounds, nothing of what they say.

A server that can write one prepared frame to many sockets offers the ASGI extension EXTENSION (chatproject.serving does);
under any other server, daphne among them, frames go one by one through ASGI's `send`.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol

from delivery.tasks import Nursery
from delivery.wire.types import CloseCode

#: Takes a text that came; returns what is left for the consumer, None if nothing is.
TakesText = Callable[[str], MutableMapping[str, Any] | None]

#: scope["extensions"] key under which a server offers a Peer of its own.
EXTENSION = "gapless.peer"


class Prepared:
    """A text frame, encoded once for all receivers.

    `wire`: its bytes on a WebSocket without extensions, unmasked and unfragmented (RFC 6455, 5.2).
    """

    __slots__ = ("payload", "wire")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        length = len(payload)
        if length < 126:
            header = bytes((0x81, length))
        elif length < 65536:
            header = b"\x81\x7e" + length.to_bytes(2, "big")
        else:
            header = b"\x81\x7f" + length.to_bytes(8, "big")
        self.wire = header + payload


class Peer(Protocol):
    @property
    def keeps_up(self) -> bool:
        """Whether the unsent bytes are below any bound, known without counting: it is asked at each delivery."""

    @property
    def unsent_bytes(self) -> int: ...

    @property
    def unsent_frames(self) -> int: ...

    @property
    def last_heard(self) -> float | None:
        """The loop's time of the last byte; None if the server checks silence itself."""

    @property
    def is_gone(self) -> bool:
        """Whether the client has left or is leaving: no frame reaches it any more."""

    def write(self, frame: Prepared) -> None:
        """Queues a frame; never waits, never raises for a peer that has gone."""

    def write_all(self, frames: Sequence[Prepared]) -> None:
        """Queues these frames in order, cheaper than one by one."""

    def ping(self) -> None:
        """Asks the client for a sign of life."""

    def offer_text(self, takes: TakesText | None) -> None:
        """Text that comes while the conversation only waits for it may be given to `takes` first, where the server can do so."""

    def close(self, code: int, reason: str, *, last: Prepared) -> None:
        """Drops what is queued, sends `last` and the close frame, and is gone within seconds whatever the peer does."""


class SendingPeer:
    """A peer behind ASGI's `send`, with a queue and a task of its own."""

    def __init__(self, send: Callable[[MutableMapping[str, Any]], Awaitable[None]], nursery: Nursery) -> None:
        self._send = send
        self._waiting: deque[Prepared] = deque()
        self._wake = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self.unsent_bytes = 0
        self._task = nursery.start(self._write_all())

    last_heard = None
    keeps_up = False

    @property
    def unsent_frames(self) -> int:
        return len(self._waiting)

    @property
    def is_gone(self) -> bool:
        return self._closing is not None or self._task.done()

    def write(self, frame: Prepared) -> None:
        if self._closing is None:
            self._waiting.append(frame)
            self.unsent_bytes += len(frame.payload)
            self._wake.set()

    def write_all(self, frames: Sequence[Prepared]) -> None:
        for frame in frames:
            self.write(frame)

    def ping(self) -> None:
        # The server pings by itself.
        return

    def offer_text(self, takes: TakesText | None) -> None:
        # The server gives all that comes to the conversation.
        return

    def close(self, code: int, reason: str, *, last: Prepared) -> None:
        if self._closing is None:
            self._waiting.clear()
            self.unsent_bytes = 0
            self.write(last)
            # Exactly an int, and none of the RFC's own: autobahn refuses to send those.
            self._closing = (int(code) if code >= 3000 else int(CloseCode.PROTOCOL), reason)

    def stop(self) -> None:
        self._task.cancel()

    async def _write_all(self) -> None:
        # What the server raises for a peer that has gone ends the writing; the consumer hears of it by itself.
        with contextlib.suppress(Exception):
            while True:
                await self._wake.wait()
                while self._waiting:
                    frame = self._waiting.popleft()
                    self.unsent_bytes -= len(frame.payload)
                    await self._send({"type": "websocket.send", "text": frame.payload.decode()})
                self._wake.clear()
                if self._closing is not None:
                    code, reason = self._closing
                    await self._send({"type": "websocket.close", "code": code, "reason": reason})
                    return
