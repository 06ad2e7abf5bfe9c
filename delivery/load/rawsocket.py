"""A WebSocket client that costs as little as it can: the handshake, and whole frames. For benchmarks and the fault harness.

Trusts the server's frames to be whole, unmasked text; everybody else uses delivery.client.
"""

import asyncio
import base64
import os
import re
from collections.abc import Callable
from typing import cast

import msgspec

_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A
_RETRY_AFTER = re.compile(rb"(?i)\r\nretry-after: *(\d+)")


class HandshakeRefused(Exception):
    """The handshake was answered with this HTTP status, and perhaps with seconds after which to come again."""

    def __init__(self, status: int, *, retry_after: float | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.retry_after = retry_after


class RawSocket(asyncio.Protocol):
    """`login`: lines of the request. `on_text` takes the payload of each frame.

    `opened` is done with the handshake (or raises HandshakeRefused or ConnectionError), `closed` with the close code (0: cut).
    """

    def __init__(
        self, login: str, on_text: Callable[[bytes], None], *, host: str = "localhost", path: str = "/ws/"
    ) -> None:
        self._login = login
        self._path = path
        self._host = host
        self._on_text = on_text
        self._buffer = bytearray()
        self._is_open = False
        self._code = 0
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int] = loop.create_future()

    # ---- what asyncio calls ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{self._login}\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionResetError("cut in the handshake"))
        if not self.closed.done():
            self.closed.set_result(self._code)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._is_open or self._shake_hands():
            self._read_frames()

    # ---- commands out ----

    def send(self, command: dict[str, object]) -> None:
        self.send_text(msgspec.json.encode(command))

    def send_text(self, payload: bytes) -> None:
        self._write(_TEXT, payload)

    def abort(self) -> None:
        self.transport.abort()

    # ---- frames in ----

    def _shake_hands(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self.opened.done():
            return False
        status = int(self._buffer[9:12])
        if status != 101:
            named = _RETRY_AFTER.search(self._buffer, 0, end)
            self.opened.set_exception(HandshakeRefused(status, retry_after=float(named[1]) if named else None))
            return False
        del self._buffer[: end + 4]
        self._is_open = True
        self.opened.set_result(None)
        return True

    def _read_frames(self) -> None:
        buffer, position = self._buffer, 0
        while len(buffer) - position >= 2 and not self.closed.done():
            length, start = buffer[position + 1], position + 2
            if length == 126:
                length, start = int.from_bytes(buffer[start : start + 2], "big"), start + 2
            elif length == 127:
                length, start = int.from_bytes(buffer[start : start + 8], "big"), start + 8
            if len(buffer) < start + length:
                break
            opcode, payload = buffer[position], bytes(buffer[start : start + length])
            position = start + length
            self._take(opcode, payload)
        del buffer[:position]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _TEXT:
            self._on_text(payload)
        elif opcode == _PING:
            self._write(_PONG, payload)
        elif opcode == _CLOSE:
            self._code = int.from_bytes(payload[:2], "big")
            self._write(_CLOSE, payload[:2])
            self.transport.close()
        elif opcode != _PONG:
            raise ValueError(f"a frame that begins with {opcode:#x}")

    def _write(self, first: int, payload: bytes) -> None:
        # Masked with zeros: allowed, and free.
        length = len(payload)
        head = bytes((first, 0x80 | length)) if length < 126 else bytes((first, 0xFE)) + length.to_bytes(2, "big")
        if not self.transport.is_closing():
            self.transport.write(head + b"\0\0\0\0" + payload)
