"""A WebSocket client that costs as little as it can, so that the load generator leaves the cores to the server.

Only for benchmarks: trusts the server's frames to be whole, unmasked text; everybody else uses delivery.client.
"""

import asyncio
import base64
import os
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import msgspec


class Change(msgspec.Struct):
    rev: int
    client_msg_id: str
    body: str
    kind: str


class Frame(msgspec.Struct):
    op: str
    ref: int | None = None
    code: Any = None
    after: int = 0
    head: int = 0
    changes: list[Change] = []
    channels: Any = None
    message: Change | None = None


_decoder = msgspec.json.Decoder(Frame)


class RawClient(asyncio.Protocol):
    """One socket, synced from `head` on; hands every frame to `on_frame`, and its end to `on_end`."""

    def __init__(self, *, host: str, token: str, channel: int, head: int, on_frame: Callable[[Frame], None]) -> None:
        self._host = host
        self._token = token
        self._channel = channel
        self._head = head
        self._on_frame = on_frame
        self._buffer = bytearray()
        self._upgraded = False
        #: Bytes by op.
        self.received: Counter[str] = Counter()
        self.ready = asyncio.get_running_loop().create_future()
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET /ws/ HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {self._token}\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("refused"))
        if not self.ended.done():
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                self.transport.abort()
                return
            del self._buffer[: end + 4]
            self._upgraded = True
        self._read_frames()

    def _read_frames(self) -> None:
        buffer, position = self._buffer, 0
        while len(buffer) - position >= 2:
            length, start = buffer[position + 1], position + 2
            if length == 126:
                length, start = int.from_bytes(buffer[start : start + 2], "big"), start + 2
            elif length == 127:
                length, start = int.from_bytes(buffer[start : start + 8], "big"), start + 8
            if len(buffer) < start + length:
                break
            opcode = buffer[position] & 15
            payload = bytes(buffer[start : start + length])
            position = start + length
            if opcode == 1:
                frame = _decoder.decode(payload)
                self.received[frame.op] += len(payload)
                self._take(frame)
            elif opcode == 9:
                self._write(0x8A, payload)
            elif opcode == 8:
                self.transport.close()
        del buffer[:position]

    def _take(self, frame: Frame) -> None:
        if frame.op == "hello":
            self.send({"op": "sync", "ref": 0, "channels": {str(self._channel): self._head}})
        elif frame.ref == 0 and frame.op == "ok":
            self.ready.set_result(frame.channels)
        self._on_frame(frame)

    def post(self, body: str, client_msg_id: uuid.UUID, ref: int) -> None:
        self.send(
            {
                "op": "message.post",
                "ref": ref,
                "channel": self._channel,
                "client_msg_id": str(client_msg_id),
                "body": body,
            }
        )

    def send(self, command: dict[str, object]) -> None:
        self._write(0x81, msgspec.json.encode(command))

    def _write(self, first: int, payload: bytes) -> None:
        # Masked with zeros: allowed, and free.
        length = len(payload)
        head = bytes((first, 0x80 | length)) if length < 126 else bytes((first, 0xFE)) + length.to_bytes(2, "big")
        self.transport.write(head + b"\0\0\0\0" + payload)
