"""One connection to Gapless from Python: commands with their replies, and pushes handed on in order.

Async; needs only `websockets` and `msgspec`. Keeps nothing of channels: what is held of each (`view.HeldLog`), a `sync` after
a gap, and coming back after the end, are the caller's.
"""

import asyncio
import itertools
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

#: The version of the contract that is spoken here.
SUBPROTOCOL = "gapless.v1"
Frame = dict[str, Any]
_decoder = msgspec.json.Decoder()


class CommandRefused(Exception):
    """The server answered a command with an error frame."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(f"{frame['code']}: {frame['detail']}")
        self.frame = frame
        self.code: str = frame["code"]
        self.retry_after: float | None = frame.get("retry_after")


class Ended(Exception):
    """The server has closed for good (4500 to 4999): signed out, banned, or it did not understand the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code}: {reason}")
        self.code = code


class Connection:
    """`async with Connection(url, token=…) as c:` is open: hello was received, and sync answered if `heads` is given.

    heads: the head held for each channel, {} for "from now on", None to not sync. on_push: takes each push when it comes; without
    it they are passed over.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        cookie: str | None = None,
        origin: str | None = None,
        heads: Mapping[int, int] | None = None,
        on_push: Callable[[Frame], None] | None = None,
    ) -> None:
        self._url = url
        self._on_push = on_push or _pass_over
        self._headers = {"Authorization": f"Bearer {token}"} if token else {"Cookie": cookie or ""}
        self._origin = Origin(origin) if origin else None
        self._first_heads = heads
        self._refs = itertools.count(1)
        self._replies: dict[int, asyncio.Future[Frame]] = {}
        self.hello: Frame = {}
        self.closed: tuple[int, str] | None = None

    async def __aenter__(self) -> Self:
        """Raises Ended or ConnectionError if the server closes before `hello`."""
        self._socket: ClientConnection = await connect(
            self._url,
            additional_headers=self._headers,
            origin=self._origin,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            max_size=None,
            ping_interval=None,
        )
        self.hello = await self._greeting()
        self._reading = asyncio.ensure_future(self._read())
        if self._first_heads is not None:
            await self.sync(self._first_heads)
        return self

    async def _greeting(self) -> Frame:
        try:
            while (frame := _decoder.decode(await self._socket.recv()))["op"] != "hello":
                # A server that has to send us away may say goodbye at once.
                self._on_push(frame)
        except ConnectionClosed:
            code, reason = self._closed_with()
            raise Ended(code, reason) if 4500 <= code < 5000 else ConnectionError(f"closed with {code}") from None
        return frame

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def sync(self, heads: Mapping[int, int], *, epoch: str | None = None) -> Frame:
        """Syncs, and returns the `ok` after the missed changes have arrived. epoch: the epoch of these heads.

        If one frame would be too long it sends several, and returns all their states.
        """
        fields = {} if epoch is None else {"epoch": epoch}
        states: Frame = {}
        *others, last = _frames_of(heads, most=self.hello["limits"]["frame_bytes"])
        for channels in others:
            states |= (await self.command("sync", channels=channels, more=True, **fields))["channels"]
        ok = await self.command("sync", channels=last, **fields)
        return {**ok, "channels": states | ok["channels"]}

    async def post(self, channel: int, body: str, *, client_msg_id: str | None = None, **fields: Any) -> Frame:
        """Returns the `ok` with the committed message. Raises CommandRefused, or ConnectionError: then the outcome is unknown."""
        return await self.command(
            "message.post", channel=channel, client_msg_id=client_msg_id or str(uuid.uuid4()), body=body, **fields
        )

    async def command(self, op: str, **fields: Any) -> Frame:
        """Sends a command and returns its reply. Raises CommandRefused, or ConnectionError if the connection ends before."""
        ref = next(self._refs)
        reply = self._replies[ref] = asyncio.get_running_loop().create_future()
        await self.send({"op": op, "ref": ref, **fields})
        return await reply

    async def send(self, frame: object) -> None:
        """Sends a frame as it is: a str or bytes untouched, anything else as JSON."""
        raw = frame if isinstance(frame, str | bytes) else msgspec.json.encode(frame).decode()
        try:
            await self._socket.send(raw)
        except ConnectionClosed as error:
            raise ConnectionError(str(error)) from None

    @property
    def is_closed(self) -> bool:
        return self.closed is not None

    async def wait_closed(self) -> tuple[int, str]:
        """Waits for the end of the connection; returns the server's close code and reason."""
        await asyncio.wait({self._reading})
        return self.closed or (1006, "")

    async def drop(self) -> None:
        """Cuts the connection without a goodbye, as a lost network does."""
        self._socket.transport.abort()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            while True:
                self._take(_decoder.decode(await self._socket.recv(decode=False)))
        except ConnectionClosed:
            pass
        finally:
            self.closed = self._closed_with()
            for reply in self._replies.values():
                if not reply.done():
                    reply.set_exception(ConnectionError(f"closed with {self.closed}"))
                    reply.exception()

    def _closed_with(self) -> tuple[int, str]:
        return self._socket.close_code or 1006, self._socket.close_reason or ""

    def _take(self, frame: Frame) -> None:
        reply = self._replies.pop(frame["ref"], None) if isinstance(frame.get("ref"), int) else None
        if reply is not None:
            if not reply.done():
                reply.set_exception(CommandRefused(frame)) if frame["op"] == "error" else reply.set_result(frame)
            return
        self._on_push(frame)


def _pass_over(frame: Frame) -> None:
    return


#: What a sync has beside its heads, at most.
AROUND_HEADS = 200


def _frames_of(heads: Mapping[int, int], *, most: int) -> list[dict[str, int]]:
    frames: list[dict[str, int]] = [{}]
    room = most - AROUND_HEADS
    for channel, head in heads.items():
        room -= len(f'"{channel}":{head},')
        if room < 0:
            frames.append({})
            room = most - AROUND_HEADS - len(f'"{channel}":{head},')
        frames[-1][str(channel)] = head
    return frames
