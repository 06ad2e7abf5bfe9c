"""A client that stays: comes back by itself, misses nothing, says everything once and in order. For bots, probes and tests.

Async; needs only `websockets` and `msgspec`. The same rules as the page's client: the contract's, with full jitter between tries.
"""

import asyncio
import contextlib
import random
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import InvalidHandshake

from delivery import tasks
from delivery.connection import CommandRefused, Connection, Frame

#: From the first byte to the answered sync.
OPENING_SECONDS = 5
#: Without any frame for so long, the connection is given up.
SILENT_SECONDS = 75
PING_SECONDS = 30
#: Attempts that follow each other at once-ish; after them the waits double.
QUICK_ATTEMPTS = 3
QUICK_SECONDS = 1.0
#: The longest wait between two attempts.
MOST_SECONDS = 30.0
#: Answers after which a message is sent again as it is.
REPEATABLE = {"rate_limited", "queue_full", "unavailable"}


class Ended(Exception):
    """The server has closed for good (4500 to 4999): signed out, banned, or what we said was not understood."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code}: {reason}")
        self.code = code


@dataclass(frozen=True)
class Event:
    """`kind`: changes (`changes`: messages in number order, each once), resync, receipts, channel, typing or presence.

    Presence is of people, not of a channel: then `channel` is 0, or the one of which `frame` is the whole roster.
    """

    kind: str
    channel: int
    changes: Sequence[Frame] = ()
    frame: Frame = field(default_factory=dict)


@dataclass
class _Unsaid:
    """A message that has no answer yet."""

    client_msg_id: str
    body: str
    reply_to: int | None
    answer: "asyncio.Future[Frame]"


class Client:
    """`async with Client(url, token=…) as client:`: `post` and `command` whenever, `events` for what happens.

    urls: one, or several of which the next is tried after each end. heads: what is held from an earlier life, as `heads`
    said then: what was missed since comes first.
    """

    def __init__(self, *urls: str, token: str, heads: Mapping[int, int] | None = None) -> None:
        self._urls = urls
        self._token = token
        self.heads: dict[int, int] = dict(heads or {})
        self.reconnects = 0
        #: Gaps that were seen and closed by a sync.
        self.gaps = 0
        self.hello: Frame = {}
        #: What was pushed last of each person: {status, activity, last_seen}. Who is missing is not here, or not known of.
        self.people: dict[int, Frame] = {}
        self._connection: Connection | None = None
        self._online = asyncio.Event()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._unsaid: dict[int, deque[_Unsaid]] = {}
        self._saying: dict[int, asyncio.Task[None]] = {}
        self._syncing: set[int] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ended: Ended | None = None
        self._idle = False

    async def __aenter__(self) -> Self:
        """Returns when it is online for the first time. Raises Ended when the server will not have us."""
        self._staying = self._start(self._stay())
        online = asyncio.ensure_future(self._online.wait())
        await asyncio.wait({self._staying, online}, return_when=asyncio.FIRST_COMPLETED)
        online.cancel()
        if self._ended is not None:
            raise self._ended
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await tasks.end(self._tasks)
        if self._connection is not None:
            await self._connection.drop()

    async def post(self, channel: int, body: str, *, reply_to: int | None = None) -> Frame:
        """The message, committed: however long that takes, and whatever dies meanwhile. One channel's posts keep their order.

        Raises CommandRefused for what will not be taken, Ended when the server has closed for good.
        """
        unsaid = _Unsaid(str(uuid.uuid4()), body, reply_to, asyncio.get_running_loop().create_future())
        self._unsaid.setdefault(channel, deque()).append(unsaid)
        if channel not in self._saying:
            self._saying[channel] = self._start(self._say(channel))
        return await unsaid.answer

    async def command(self, op: str, **fields: Any) -> Frame:
        """The reply to any other command, asked again after a lost connection: only for what may be repeated."""
        while True:
            connection = await self._connected()
            with contextlib.suppress(ConnectionError):
                return await connection.command(op, **fields)

    async def online(self) -> None:
        """Returns when it is connected and has caught up. Raises Ended when the server has closed for good."""
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

    async def say_typing(self, channel: int, *, on: bool = True) -> None:
        """Of the moment: lost when there is no connection. Shown for 6 s; to be said again every 3."""
        if self._connection is not None and self._online.is_set():
            with contextlib.suppress(ConnectionError):
                await self._connection.send({"op": "typing", "channel": channel, "on": on})

    async def events(self) -> AsyncIterator[Event]:
        """What happens, for ever. Raises Ended when the server has closed for good."""
        while True:
            event = await self._events.get()
            if event is None:
                assert self._ended is not None
                raise self._ended
            yield event

    # ---- staying connected ----

    async def _stay(self) -> None:
        attempt = 0
        for place in _for_ever(len(self._urls)):
            retry_after = None
            try:
                async with asyncio.timeout(OPENING_SECONDS):
                    connection = await self._open(self._urls[place])
            except (OSError, InvalidHandshake, ConnectionError, CommandRefused, TimeoutError) as error:
                if _is_refusal(error):
                    self._end(Ended(4500, "the handshake was refused"))
                    return
                attempt += 1
            else:
                attempt = 0
                retry_after = await self._follow(connection)
                if self._ended is not None:
                    return
                self.reconnects += 1
            await asyncio.sleep(_wait(attempt) if retry_after is None else retry_after)

    async def _open(self, url: str) -> Connection:
        connection = Connection(url, token=self._token)
        await connection.__aenter__()
        try:
            self._connection = connection
            self.hello = connection.hello
            known = {int(described["id"]) for described in connection.hello["channels"]}
            held = {channel: head for channel, head in self.heads.items() if channel in known}
            self.people.clear()
            # Gaps are judged by what we hold, not by what this connection has seen.
            answer = await connection.command("sync", channels={str(channel): head for channel, head in held.items()})
            if self._idle:
                await connection.send({"op": "presence", "idle": True})
            self._take_pushes(connection)
            self._take_states(answer)
        except BaseException:
            await connection.drop()
            raise
        return connection

    async def _follow(self, connection: Connection) -> float | None:
        """Until the connection ends; returns the time that the goodbye named, if there was one."""
        self._online.set()
        pinging = self._start(self._ping(connection))
        retry_after: float | None = None
        try:
            while not connection.is_closed or not connection.pushes.empty():
                retry_after = await self._take_next(connection, retry_after)
        except TimeoutError:
            await connection.drop()
        finally:
            self._online.clear()
            pinging.cancel()
        code, reason = await connection.wait_closed()
        if 4500 <= code < 5000:
            self._end(Ended(code, reason))
        return retry_after

    async def _take_next(self, connection: Connection, retry_after: float | None) -> float | None:
        getting = asyncio.ensure_future(connection.pushes.get())
        closing = asyncio.ensure_future(connection.wait_closed())
        await asyncio.wait({getting, closing}, timeout=SILENT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if not getting.done():
            getting.cancel()
            if not connection.is_closed:
                raise TimeoutError
            return retry_after
        frame = getting.result()
        if frame["op"] == "goodbye":
            return float(frame["retry_after"] or 0)
        self._take(frame)
        return retry_after

    async def _ping(self, connection: Connection) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(PING_SECONDS)
                self._compare((await connection.command("ping"))["heads"])

    async def _connected(self) -> Connection:
        while not self._online.is_set():
            if self._ended is not None:
                raise self._ended
            waiting = asyncio.ensure_future(self._online.wait())
            await asyncio.wait({waiting, self._staying}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        assert self._connection is not None
        return self._connection

    def _end(self, ended: Ended) -> None:
        self._ended = ended
        self._events.put_nowait(None)
        for unsaid in (unsaid for lane in self._unsaid.values() for unsaid in lane):
            if not unsaid.answer.done():
                unsaid.answer.set_exception(ended)

    # ---- what comes ----

    def _take_pushes(self, connection: Connection) -> None:
        while not connection.pushes.empty():
            self._take(connection.pushes.get_nowait())

    def _take(self, frame: Frame) -> None:
        match frame["op"]:
            case "changes":
                self._take_changes(frame)
            case "heartbeat":
                self._compare(frame["heads"])
            case "receipts":
                self._events.put_nowait(Event("receipts", frame["channel"], frame=frame))
            case "channel":
                self._take_channel(frame)
            case "presence":
                self._take_presence(frame)
            case "typing":
                self._events.put_nowait(Event("typing", frame["channel"], frame=frame))

    def _take_changes(self, frame: Frame) -> None:
        channel = frame["channel"]
        held = self.heads.get(channel, frame["after"])
        if frame["head"] <= held:
            return
        if frame["after"] != held:
            self._sync_soon(channel)
            return
        self.heads[channel] = frame["head"]
        if frame["changes"]:
            self._events.put_nowait(Event("changes", channel, changes=frame["changes"], frame=frame))

    def _take_channel(self, frame: Frame) -> None:
        channel = frame["channel"]["id"]
        if frame["action"] == "joined":
            self.heads[channel] = frame["channel"]["head"]
        elif frame["action"] in ("left", "removed"):
            self.heads.pop(channel, None)
        self._events.put_nowait(Event("channel", channel, frame=frame))

    def _take_presence(self, frame: Frame) -> None:
        self.people.update({int(user): state for user, state in frame["users"].items()})
        self._events.put_nowait(Event("presence", frame.get("channel", 0), frame=frame))

    def _take_states(self, answer: Frame) -> None:
        for name, state in answer["channels"].items():
            channel = int(name)
            if state.get("resync"):
                self._events.put_nowait(Event("resync", channel, frame=state))
                self.heads[channel] = state["head"]
            else:
                self.heads.setdefault(channel, state["head"])

    def _compare(self, heads: Mapping[str, int]) -> None:
        for name, head in heads.items():
            if head > self.heads.get(int(name), head):
                self._sync_soon(int(name))

    def _sync_soon(self, channel: int) -> None:
        if channel not in self._syncing:
            self.gaps += 1
            self._syncing.add(channel)
            self._start(self._sync(channel))

    async def _sync(self, channel: int) -> None:
        try:
            while True:
                # A new connection syncs by itself.
                with contextlib.suppress(ConnectionError):
                    connection = await self._connected()
                    try:
                        answer = await connection.command("sync", channels={str(channel): self.heads.get(channel, 0)})
                    except CommandRefused as refused:
                        await asyncio.sleep(refused.retry_after or 1)
                        continue
                    self._take_pushes(connection)
                    self._take_states(answer)
                return
        finally:
            self._syncing.discard(channel)

    # ---- what is said ----

    async def _say(self, channel: int) -> None:
        # One at a time: a message that has to wait is not overtaken by the next.
        lane = self._unsaid[channel]
        try:
            while lane:
                await self._say_one(channel, lane[0])
                lane.popleft()
        finally:
            del self._saying[channel]

    async def _say_one(self, channel: int, unsaid: _Unsaid) -> None:
        extra = {} if unsaid.reply_to is None else {"reply_to": unsaid.reply_to}
        while not unsaid.answer.done():
            try:
                connection = await self._connected()
                ok = await connection.post(channel, unsaid.body, client_msg_id=unsaid.client_msg_id, **extra)
            except ConnectionError:
                # Committed or not: the same id makes it one message.
                await asyncio.sleep(0)
            except CommandRefused as refused:
                if refused.code in REPEATABLE:
                    await asyncio.sleep(refused.retry_after or 1)
                elif not unsaid.answer.done():
                    unsaid.answer.set_exception(refused)
            except Ended as ended:
                unsaid.answer.set_exception(ended)
            else:
                if not unsaid.answer.done():
                    unsaid.answer.set_result(ok["message"])

    def _start(self, work: Any) -> "asyncio.Task[Any]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _wait(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds before the next attempt, after so many that failed: full jitter, twice as long each time, 30 at most."""
    if attempt <= QUICK_ATTEMPTS:
        return chance() * QUICK_SECONDS if attempt else chance() * 0.1
    return chance() * min(MOST_SECONDS, QUICK_SECONDS * 2 ** (attempt - QUICK_ATTEMPTS))


def _is_refusal(error: BaseException) -> bool:
    response = getattr(error, "response", None)
    return response is not None and response.status_code in (401, 403)


def _for_ever(count: int) -> Any:
    place = random.randrange(count)
    while True:
        yield place % count
        place += 1
