"""What a scripted client says and hears: one socket (the cheap one of the load tests), and HTTP, as a program or as a browser."""

import asyncio
import re
import socket
from collections.abc import Callable, Sequence

import msgspec

from delivery.load.rawsocket import RawSocket

#: What the harness' browsers say, and what its web processes allow.
ORIGIN = "http://gapless.test"
#: What a client that has stopped reading still takes.
RECEIVE_BYTES = 64 * 1024
#: From what is sent of a request that is cut off until its connection ends: time to arrive.
CUT_SECONDS = 0.1


class Change(msgspec.Struct):
    rev: int
    seq: int
    client_msg_id: str
    sender: dict[str, object]
    kind: str
    body: str
    id: int = 0
    reactions: dict[str, list[int]] = {}
    pinned_at: str | None = None
    mentions: dict[str, object] = {}
    thread: int | None = None
    replies: dict[str, int] = {}
    files: list[dict[str, object]] = []

    @property
    def look(self) -> str:
        counted = (self.replies["count"], self.replies["last_seq"]) if self.replies else None
        is_pinned = self.pinned_at is not None
        files = [int(str(file["id"])) for file in self.files]
        return look_of(
            self.body,
            self.reactions,
            self.mentions,
            is_pinned=is_pinned,
            thread=self.thread,
            counted=counted,
            files=files,
        )


def look_of(
    body: str,
    reactions: dict[str, list[int]],
    mentions: dict[str, object] | None = None,
    *,
    is_pinned: bool,
    thread: int | None = None,
    counted: tuple[int, int] | None = None,
    files: Sequence[int] = (),
) -> str:
    """All of a message that may change, as one text: clients' is compared with the rows'. `counted`: a root's replies."""
    worn = [*(f"{emoji} {users}" for emoji, users in reactions.items()), *(["pinned"] if is_pinned else [])]
    called = mentions or {}
    calls = [f"@{called['users']}"] if called.get("users") else []
    worn += [*calls, *(["@everyone"] if called.get("everyone") else [])]
    worn += [*([f"in {thread}"] if thread else []), *([f"replies {counted}"] if counted else [])]
    worn += [f"file {file}" for file in files]
    return " ".join([body, *worn])


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


def bearer(token: str) -> str:
    """A program's login, as a line of a request."""
    return f"Authorization: Bearer {token}"


def cookies(session: str) -> str:
    """A browser's login, as lines of a request."""
    return f"Cookie: gapless_session={session}\r\nOrigin: {ORIGIN}"


class WebSocket(RawSocket):
    """One connection of a scripted client. `heard_at`: when anything came last.

    `on_push` takes the connection with each frame: the first may come with the handshake's answer, before `connect` returns.
    """

    def __init__(self, login: str, on_push: "Callable[[WebSocket, Push], None]") -> None:
        super().__init__(login, lambda payload: on_push(self, _decode(payload)))
        self._loop = asyncio.get_running_loop()
        self.heard_at = 0.0

    @classmethod
    async def connect(
        cls, port: int, login: str, on_push: "Callable[[WebSocket, Push], None]", *, seconds: float = 5
    ) -> "WebSocket":
        """Raises HandshakeRefused, OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            _, opening = await loop.create_connection(lambda: cls(login, on_push), "127.0.0.1", port)
            try:
                await opening.opened
            except BaseException:
                opening.abort()
                raise
        return opening

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        super().data_received(data)


async def ask(
    port: int,
    login: str,
    method: str,
    path: str,
    body: object = None,
    *,
    seconds: float = 5,
    cut_after: int | None = None,
) -> tuple[int, bytes]:
    """One HTTP request on its own connection: status and body. Raises OSError, TimeoutError; ValueError for half an answer.

    `body`: bytes as they are, anything else as JSON. `cut_after`: the connection is ended after so many bytes of it.
    """
    head, content = await _exchange(port, login, method, path, body, seconds=seconds, cut_after=cut_after)
    return int(head[9:12]), content


async def visit(port: int, login: str, path: str, *, seconds: float = 5) -> tuple[int, str]:
    """As a browser: the status, and the session's key if the answer renewed it."""
    head, _ = await _exchange(port, login, "GET", path, None, seconds=seconds)
    renewed = re.search(rb"(?im)^set-cookie: gapless_session=(\w*)", head)
    return int(head[9:12]), renewed[1].decode() if renewed else ""


async def _exchange(
    port: int, login: str, method: str, path: str, body: object, *, seconds: float, cut_after: int | None = None
) -> tuple[bytes, bytes]:
    is_bytes = isinstance(body, bytes)
    payload = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{login}\r\n"
        f"Content-Type: application/{'octet-stream' if is_bytes else 'json'}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head.encode() + payload[:cut_after])
            if cut_after is not None:
                # All of it: the answer is on its way, and nobody hears it.
                await (reader.read(1) if cut_after >= len(payload) else asyncio.sleep(CUT_SECONDS))
                raise ConnectionResetError("cut off, as asked for")
            answer = await reader.read()
        finally:
            writer.close()
    answered, end, content = answer.partition(b"\r\n\r\n")
    if not end:
        raise ValueError("half an answer")
    return answered, content
