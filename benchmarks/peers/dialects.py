"""The protocols of the peers: the same message in each. Knows frames, not what is measured."""

import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec


@dataclass
class Heard:
    """The content of one frame: messages by their key, accepted own messages, and whether the socket is open now."""

    said: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    is_in: bool = False
    #: To be answered at once.
    answer: bytes | None = None


class Dialect(Protocol):
    path: str
    #: Whether the handshake is all that it takes to be in.
    is_in_at_once: bool

    def say(self, key: str, body: str) -> bytes: ...

    def read(self, payload: bytes) -> Heard: ...


class Tutorial:
    """The tutorial acknowledges nothing: the message's echo counts as its acknowledgement."""

    path, is_in_at_once = "/ws/", True

    def __init__(self) -> None:
        self._own: set[str] = set()

    def say(self, key: str, body: str) -> bytes:
        self._own.add(key)
        return msgspec.json.encode({"message": {"key": key, "body": body}})

    def read(self, payload: bytes) -> Heard:
        key = _said.decode(payload).message.key
        is_own = key in self._own
        self._own.discard(key)
        return Heard([key], [key] if is_own else [])


class SocketIO:
    path, is_in_at_once = "/socket.io/?EIO=4&transport=websocket", False

    def __init__(self) -> None:
        self._number = 0

    def say(self, key: str, body: str) -> bytes:
        self._number += 1
        return b"42%d" % self._number + msgspec.json.encode(["say", {"key": key, "body": body}])

    def read(self, payload: bytes) -> Heard:
        if payload.startswith(b'42["said"'):
            return Heard([msgspec.json.decode(payload[2:])[1]["key"]])
        if payload.startswith(b"43"):
            return Heard([], [msgspec.json.decode(payload[payload.index(b"[") :])[0]["key"]])
        if payload.startswith(b"40"):
            return Heard(is_in=True)
        # Its own greeting, and its ping.
        return Heard(answer=b"40" if payload.startswith(b"0") else b"3" if payload == b"2" else None)


class Gapless:
    path, is_in_at_once = "/ws/", False

    def __init__(self, channel: int) -> None:
        self._channel = channel

    def say(self, key: str, body: str) -> bytes:
        said = {"channel": self._channel, "client_msg_id": key, "body": body}
        return msgspec.json.encode({"op": "message.post", "ref": key, **said})

    def read(self, payload: bytes) -> Heard:
        frame = _frame.decode(payload)
        if frame.op == "changes":
            return Heard([change.client_msg_id for change in frame.changes])
        if frame.op == "hello":
            return Heard(answer=msgspec.json.encode({"op": "sync", "ref": "in", "channels": {str(self._channel): 0}}))
        if frame.op == "ok":
            return Heard(is_in=True) if frame.ref == "in" else Heard([], [str(frame.ref)])
        return Heard()


class _Key(msgspec.Struct):
    key: str


class _Said(msgspec.Struct):
    message: _Key


class _Change(msgspec.Struct):
    client_msg_id: str


class _Frame(msgspec.Struct):
    op: str
    ref: Any = None
    changes: list[_Change] = []


_said, _frame = msgspec.json.Decoder(_Said), msgspec.json.Decoder(_Frame)


def new_key() -> str:
    return str(uuid.uuid4())
