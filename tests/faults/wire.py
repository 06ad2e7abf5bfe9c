"""One WebSocket for a scripted client: as little CPU as it can, so that 200 of them leave the cores to the servers.

Trusts the server's frames to be whole, unmasked text (the handshake tests check that they are).
"""

import asyncio
import base64
import os
import re
import socket
from collections.abc import Callable, Iterable
from typing import cast

import msgspec

#: What the harness' browsers say, and what its web processes allow.
ORIGIN = "http://gapless.test"
#: What a client that has stopped reading still takes.
RECEIVE_BYTES = 64 * 1024


class Change(msgspec.Struct):
    rev: int
    seq: int
    client_msg_id: str
    sender: dict[str, object]
    kind: str
    body: str


class State(msgspec.Struct):
    head: int
    resync: bool = False


class Push(msgspec.Struct):
    """Any frame of the server, with the fields that a scripted client looks at."""

    op: str
    ref: int | None = None
    code: int | str = ""
    detail: str = ""
    retry_after: float | None = None
    after: int = 0
    head: int = 0
    changes: list[Change] = []
    channel: int | dict[str, object] = 0
    channels: dict[int, State] | list[dict[str, object]] = {}
    heads: dict[int, int] = {}
    action: str = ""
    message: Change | None = None
    duplicate: bool = False
    connection: str = ""


_decode = msgspec.json.Decoder(Push).decode


class Refusal(Exception):
    """The handshake was answered with this HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


def bearer(token: str) -> str:
    """A program's login, as a line of a request."""
    return f"Authorization: Bearer {token}"


def cookies(session: str, *, ports: Iterable[int]) -> str:
    """A browser's login, as lines of a request. The product names its cookie by its port: one for each web process."""
    named = "; ".join(f"gapless_session_{port}={session}" for port in ports)
    return f"Cookie: {named}\r\nOrigin: {ORIGIN}"


class WebSocket(asyncio.Protocol):
    """`opened` is done with the handshake (or raises Refusal or ConnectionError), `closed` with the close code (0: cut)."""

    def __init__(self, login: str, on_push: Callable[[Push], None]) -> None:
        self._login = login
        self._on_push = on_push
        self._buffer = bytearray()
        self._is_open = False
        self._code = 0
        self.heard_at = 0.0
        loop = asyncio.get_running_loop()
        self._loop = loop
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int] = loop.create_future()

    @classmethod
    async def connect(
        cls, port: int, login: str, on_push: Callable[[Push], None], *, seconds: float = 5
    ) -> "WebSocket":
        """Raises Refusal, OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            _, opening = await loop.create_connection(lambda: cls(login, on_push), "127.0.0.1", port)
            try:
                await opening.opened
            except BaseException:
                opening.abort()
                raise
        return opening

    # ---- what asyncio calls ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{self._login}\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionResetError("cut in the handshake"))
        if not self.closed.done():
            self.closed.set_result(self._code)

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        self._buffer += data
        if not self._is_open and not self._shake_hands():
            return
        self._read_frames()

    # ---- commands out ----

    def send(self, command: dict[str, object]) -> None:
        self._write(0x81, msgspec.json.encode(command))

    def abort(self) -> None:
        self.transport.abort()

    # ---- frames in ----

    def _shake_hands(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self.opened.done():
            return False
        status = int(self._buffer[9:12])
        if status != 101:
            self.opened.set_exception(Refusal(status))
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
        if opcode == 0x81:
            self._on_push(_decode(payload))
        elif opcode == 0x89:
            self._write(0x8A, payload)
        elif opcode == 0x88:
            self._code = int.from_bytes(payload[:2], "big")
            self._write(0x88, payload[:2])
            self.transport.close()
        elif opcode != 0x8A:
            raise ValueError(f"a frame that begins with {opcode:#x}")

    def _write(self, first: int, payload: bytes) -> None:
        # Masked with zeros: allowed, and free.
        length = len(payload)
        head = bytes((first, 0x80 | length)) if length < 126 else bytes((first, 0xFE)) + length.to_bytes(2, "big")
        if not self.transport.is_closing():
            self.transport.write(head + b"\0\0\0\0" + payload)


async def ask(
    port: int, login: str, method: str, path: str, body: object = None, *, seconds: float = 5
) -> tuple[int, bytes]:
    """One HTTP request on its own connection: status and body. Raises OSError, TimeoutError; ValueError for half an answer."""
    head, content = await _exchange(port, login, method, path, body, seconds=seconds)
    return int(head[9:12]), content


async def visit(port: int, login: str, path: str, *, seconds: float = 5) -> tuple[int, str]:
    """As a browser: the status, and the session's key if the answer renewed it."""
    head, _ = await _exchange(port, login, "GET", path, None, seconds=seconds)
    renewed = re.search(rb"(?im)^set-cookie: gapless_session_\d+=(\w*)", head)
    return int(head[9:12]), renewed[1].decode() if renewed else ""


async def _exchange(
    port: int, login: str, method: str, path: str, body: object, *, seconds: float
) -> tuple[bytes, bytes]:
    payload = b"" if body is None else msgspec.json.encode(body)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{login}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head.encode() + payload)
            answer = await reader.read()
        finally:
            writer.close()
    answered, end, content = answer.partition(b"\r\n\r\n")
    if not end:
        raise ValueError("half an answer")
    return answered, content
