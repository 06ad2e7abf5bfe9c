"""One benchmark's client over the cheap socket of the load tests: synced, its frames decoded, its bytes counted by op."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from delivery.load.rawsocket import RawSocket


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


class RawClient(RawSocket):
    """One socket, synced from `head` on (`ready` is done then); hands every frame to `on_frame`, and ends with `ended`."""

    def __init__(self, *, host: str, token: str, channel: int, head: int, on_frame: Callable[[Frame], None]) -> None:
        super().__init__(f"Authorization: Bearer {token}", self._read, host=host)
        self.channel = channel
        self._head = head
        self._on_frame = on_frame
        #: Bytes by op.
        self.received: Counter[str] = Counter()
        self.ready = asyncio.get_running_loop().create_future()
        self.ended = self.closed
        self.opened.add_done_callback(self._look_at_handshake)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("refused"))

    def post(self, body: str, client_msg_id: uuid.UUID, ref: int) -> None:
        said = {"channel": self.channel, "client_msg_id": str(client_msg_id), "body": body}
        self.send({"op": "message.post", "ref": ref, **said})

    def _look_at_handshake(self, opened: "asyncio.Future[None]") -> None:
        if opened.exception() is not None:
            self.abort()

    def _read(self, payload: bytes) -> None:
        frame = _decoder.decode(payload)
        self.received[frame.op] += len(payload)
        if frame.op == "hello":
            self.send({"op": "sync", "ref": 0, "channels": {str(self.channel): self._head}})
        elif frame.ref == 0 and frame.op == "ok":
            self.ready.set_result(frame.channels)
        self._on_frame(frame)
