"""A client that stays connected: it reconnects by itself, misses nothing, and sends everything once and in order. For bots,
probes and tests.

Async; needs only `websockets` and `msgspec`. The same rules as the page's client: the contract's, with full jitter between tries.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import InvalidHandshake

from delivery.client import backoff
from delivery.client.background import BackgroundTasks
from delivery.client.connection import CommandRefused, Connection, Ended, Frame
from delivery.client.history import read_after
from delivery.client.outbox import Outbox
from delivery.client.view import Event, HeldLog

#: From the first byte to the answered sync.
OPENING_SECONDS = 5
#: Without any push for so long, the connection is given up.
SILENT_SECONDS = 75
PING_SECONDS = 30


class Client:
    """`async with Client(url, token=…) as client:`; then call `post` and `command`, and iterate over `events`.

    urls: one or more; after each disconnection the next is tried. heads, epoch: as saved from an earlier client: the changes missed
    since then come first.
    """

    def __init__(
        self, *urls: str, token: str, heads: Mapping[int, int] | None = None, epoch: str | None = None
    ) -> None:
        self._urls = urls
        self._token = token
        self._view = HeldLog(heads or {}, ask=self._sync_soon)
        self._tasks = BackgroundTasks()
        self._outbox = Outbox(connected=self._connected, start=self._tasks.start)
        self.reconnects = 0
        #: Gaps that were seen and closed by a sync.
        self.gaps = 0
        self.hello: Frame = {}
        #: Within which `heads` can be compared: to be kept with them.
        self.epoch = epoch
        self._connection: Connection | None = None
        self._online = asyncio.Event()
        self._syncing: set[int] = set()
        self._ended: Exception | None = None
        self._idle = False
        self._heard_at = 0.0
        self._opening: asyncio.Timeout | None = None
        #: What the goodbye of this connection, or the refusal of its handshake, named.
        self._retry_after: float | None = None

    async def __aenter__(self) -> Self:
        """Returns when the client is online for the first time. Raises Ended if the server refuses it for good."""
        self._staying = self._tasks.start(self._stay())
        online = asyncio.ensure_future(self._online.wait())
        await asyncio.wait({self._staying, online}, return_when=asyncio.FIRST_COMPLETED)
        online.cancel()
        self._raise_if_over()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._tasks.end()
        if self._connection is not None:
            await self._connection.drop()

    @property
    def heads(self) -> dict[int, int]:
        """For each channel the number up to which the client has all changes."""
        return self._view.heads

    @property
    def people(self) -> dict[int, Frame]:
        """The last pushed presence of each person: {status, activity, last_seen}; no entry: not here, or unknown."""
        return self._view.people

    async def post(self, channel: int, body: str, *, reply_to: int | None = None) -> Frame:
        """Posts a message, and returns it once it is committed, across lost connections. Posts to one channel keep their order.

        Raises CommandRefused if the server refuses the message, Ended if the server has closed for good.
        """
        return await self._outbox.post(channel, body, reply_to=reply_to)

    async def command(self, op: str, **fields: Any) -> Frame:
        """Sends any other command and returns its reply. After a lost connection it is repeated: only for repeatable commands."""
        while True:
            connection = await self._connected()
            with contextlib.suppress(ConnectionError):
                return await connection.command(op, **fields)

    async def online(self) -> None:
        """Returns when it is connected and has caught up. Raises Ended if the server has closed for good."""
        await self._connected()

    async def drop(self) -> None:
        """Cuts the connection without a goodbye, as a lost network does; it comes back by itself."""
        if self._connection is not None:
            self._online.clear()
            await self._connection.drop()

    async def show(self, **presence: Any) -> None:
        """status: online, away, busy or invisible; activity: up to 80 characters; idle: whether nobody is at this device.

        Status and activity are kept by the server; `idle` is of this connection, and is said again after each return.
        """
        if "idle" in presence:
            self._idle = presence["idle"]
        await self.command("presence", **presence)

    async def say_typing(self, channel: int, *, on: bool = True, thread: int | None = None) -> None:
        """Shows typing for 6 s: repeat it every 3 s. Lost without a connection. `thread`: the id of its root."""
        if self._connection is not None and self._online.is_set():
            place = {"channel": channel} if thread is None else {"channel": channel, "thread": thread}
            with contextlib.suppress(ConnectionError):
                await self._connection.send({"op": "typing", **place, "on": on})

    async def events(self) -> AsyncIterator[Event]:
        """Yields events for ever. Raises Ended if the server has closed for good."""
        while True:
            event = await self._view.events.get()
            if event is None:
                assert self._ended is not None
                raise self._ended
            yield event

    def history(self, channel: int, *, after: int) -> AsyncIterator[Frame]:
        """Yields every message of a channel after this number, in order, page by page over HTTP. Use it after a `resync` event.

        Waits with jitter while the server refuses or is away. Raises CommandRefused if the server refuses for good.
        """
        return read_after(after, channel=channel, urls=self._urls, token=self._token)

    # ---- staying connected ----

    async def _stay(self) -> None:
        try:
            await self._come_back_for_ever()
        except Exception as error:
            # A fault of ours as well: it is raised wherever somebody waits.
            self._end(error)

    async def _come_back_for_ever(self) -> None:
        attempt = 0
        for place in _for_ever(len(self._urls)):
            self._retry_after = None
            try:
                connection = await self._open_in_time(self._urls[place])
            except (OSError, InvalidHandshake, ConnectionError, CommandRefused, TimeoutError) as error:
                if _is_refusal(error):
                    raise Ended(4500, "the handshake was refused") from None
                attempt += 1
                self._retry_after = backoff.named_by(error) or self._retry_after
            else:
                attempt = 0
                await self._follow(connection)
                self.reconnects += 1
            await asyncio.sleep(self._wait(attempt))

    def _wait(self, attempt: int) -> float:
        own = backoff.before_attempt(attempt)
        # A goodbye names when to come; who was refused comes no sooner than named, and later after many attempts.
        return own if self._retry_after is None else max(self._retry_after, own if attempt else 0)

    async def _open_in_time(self, url: str) -> Connection:
        async with asyncio.timeout(OPENING_SECONDS) as self._opening:
            try:
                return await self._open(url)
            finally:
                self._opening = None

    async def _open(self, url: str) -> Connection:
        connection = Connection(url, token=self._token, on_push=self._take)
        await connection.__aenter__()
        try:
            self._connection = connection
            self.hello = connection.hello
            known = {int(described["id"]) for described in connection.hello["channels"]}
            self.people.clear()
            # Gaps are judged by what we hold, not by what this connection has seen.
            held = {channel: head for channel, head in self.heads.items() if channel in known}
            self._opening_goes_on()
            answer = await connection.sync(held, epoch=self.epoch)
            if self._idle:
                await connection.send({"op": "presence", "idle": True})
            self._view.take_states(answer, is_same_log=self.epoch in (None, connection.hello["epoch"]))
            self.epoch = connection.hello["epoch"]
        except BaseException:
            await connection.drop()
            raise
        return connection

    def _opening_goes_on(self) -> None:
        # Thousands of channels take their time: what comes shows that the server is at it.
        if self._opening is not None and not self._opening.expired():
            self._opening.reschedule(asyncio.get_running_loop().time() + OPENING_SECONDS)

    async def _follow(self, connection: Connection) -> None:
        self._heard_at = time.monotonic()
        self._online.set()
        tasks = [self._tasks.start(self._ping(connection)), self._tasks.start(self._watch(connection))]
        try:
            code, reason = await connection.wait_closed()
        finally:
            self._online.clear()
            for task in tasks:
                task.cancel()
        if 4500 <= code < 5000:
            raise Ended(code, reason)

    def _take(self, frame: Frame) -> None:
        self._heard_at = time.monotonic()
        self._opening_goes_on()
        if frame["op"] == "goodbye":
            self._retry_after = float(frame["retry_after"] or 0)
        else:
            self._view.take(frame)

    async def _ping(self, connection: Connection) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(PING_SECONDS)
                pong = await connection.command("ping")
                if pong["epoch"] != self.epoch:
                    await connection.drop()
                self._view.compare(pong["heads"])

    async def _watch(self, connection: Connection) -> None:
        left = float(SILENT_SECONDS)
        while left > 0:
            await asyncio.sleep(left)
            left = self._heard_at + SILENT_SECONDS - time.monotonic()
        await connection.drop()

    async def _connected(self) -> Connection:
        while not self._online.is_set():
            self._raise_if_over()
            waiting = asyncio.ensure_future(self._online.wait())
            await asyncio.wait({waiting, self._staying}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        assert self._connection is not None
        return self._connection

    def _raise_if_over(self) -> None:
        if self._ended is not None:
            raise self._ended

    def _end(self, ended: Exception) -> None:
        self._ended = ended
        self._view.events.put_nowait(None)
        self._outbox.end(ended)

    # ---- closing gaps ----

    def _sync_soon(self, channel: int) -> None:
        if channel not in self._syncing:
            self.gaps += 1
            self._syncing.add(channel)
            self._tasks.start(self._sync(channel))

    async def _sync(self, channel: int) -> None:
        refusals = 0
        try:
            while True:
                # A new connection syncs by itself.
                with contextlib.suppress(ConnectionError):
                    connection = await self._connected()
                    try:
                        answer = await connection.sync({channel: self.heads.get(channel, 0)}, epoch=self.epoch)
                    except CommandRefused as refused:
                        refusals += 1
                        await asyncio.sleep(backoff.after_refusal(refusals, refused.retry_after))
                        continue
                    self._view.take_states(answer)
                return
        finally:
            self._syncing.discard(channel)


def _is_refusal(error: BaseException) -> bool:
    response = getattr(error, "response", None)
    return response is not None and response.status_code in (401, 403)


def _for_ever(count: int) -> Iterator[int]:
    place = random.randrange(count)
    while True:
        yield place % count
        place += 1
