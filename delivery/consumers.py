"""SocketConsumer: one socket's conversation, from the handshake to the goodbye. What a command does to the product is a subclass's.

Frames never pass a database thread by default: Channels' own dispatch would hop through one before every event.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

import msgspec
from channels.consumer import AsyncConsumer
from structlog.contextvars import bind_contextvars

from delivery import metrics
from delivery.away import DATABASE_AWAY
from delivery.live.answering import Answering
from delivery.live.joining import replayed
from delivery.live.openings import deny
from delivery.live.pacing import CHANGES_A_FRAME, CHANNELS_A_FRAME, FRAMES_A_QUERY, Pace, pace_of_user
from delivery.live.peers import EXTENSION, Peer, Prepared, SendingPeer
from delivery.live.socket import Socket, socket_for
from delivery.node import Node
from delivery.places import NoPlace
from delivery.source import Login, Opening
from delivery.wire.codec import BadFrame, decode_command, encode, given
from delivery.wire.commands import AnyCommand, Delivered, Ping, Read, Sync
from delivery.wire.errors import Invalid, Refused, Unavailable
from delivery.wire.frames import BareChannel, Channel, Hello, Ok, OwnPresence, Pong, SyncState
from delivery.wire.types import SUBPROTOCOL, VERSION, CloseCode, time_now

logger = logging.getLogger("gapless.socket")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class SocketConsumer(Answering, AsyncConsumer):
    """Subclasses say who may come in (`authenticate`), which node serves them, and what their own commands do."""

    # No layer channel a socket: the process has one, and the hub writes to the sockets.
    channel_layer_alias = ""

    _is_in = False
    _no_sync: asyncio.TimerHandle | None = None

    async def authenticate(self) -> Opening | None:
        """Who is at the other end, with all that `hello` says to them; None refuses the handshake with 403."""
        raise NotImplementedError

    def line(self) -> str:
        """Who stands in one line when many come in: the lines have their turn one after another."""
        raise NotImplementedError

    async def running_node(self) -> Node:
        raise NotImplementedError

    async def do(self, command: AnyCommand) -> None:
        """A command that SocketConsumer does not know itself. Raises Refused."""
        raise NotImplementedError

    def require_may_write(self) -> None:
        """Raises Refused for a login that may only listen."""

    def check_access(self, channel_id: int) -> None:
        """In a database thread, for a channel that this socket does not follow. Raises Refused unless the rows say otherwise."""
        raise NotImplementedError

    def seen(self, channel_id: int) -> None:
        """The person has read in the channel: a subclass may take it for a sign of life."""

    def synced(self, channel_ids: Iterable[int], *, is_first: bool) -> None:
        """What was missed was written, the reply was not: a subclass may say more of the channels."""

    def own_presence(self) -> OwnPresence | msgspec.UnsetType:
        """What `hello` says of the person's own choices."""
        return msgspec.UNSET

    def own_blocks(self) -> list[int] | msgspec.UnsetType:
        """What `hello` says of those whom the person has blocked."""
        return msgspec.UNSET

    async def require_access(self, channel_id: int) -> None:
        """Raises Refused without access. What was opened just now may not have been heard of here: then the rows decide."""
        if channel_id not in self.socket.accesses:
            await self.pay_for_rows()
            await self.node.threads.read(self.check_access, channel_id)

    async def pay_for_rows(self) -> None:
        """Before a command asks the rows: it waits for its turn where many of them came in a row, whatever becomes of it."""
        await self._wait_for(FRAMES_A_QUERY)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self.scope = scope
        self.base_send = send
        self._began_at = time.perf_counter()
        event = await receive()
        if event["type"] != "websocket.connect":
            return
        self.node = await self.running_node()
        try:
            opened = await self.node.openings.turn(self.line())
        except NoPlace:
            await deny(self.scope, self.base_send, seconds=self.node.openings.wait())
            return
        try:
            await self._come_in()
            opened()
            if self._is_in:
                await self._converse(receive)
        finally:
            opened()
            if self._is_in:
                await self._leave()

    async def _converse(self, receive: Receive) -> None:
        self._await_sync()
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                break
            if self.socket.closed_with is None:
                await self._wait_for(1)
                await self._take(event)

    async def _leave(self) -> None:
        if self._no_sync is not None:
            self._no_sync.cancel()
        if isinstance(self.socket.peer, SendingPeer):
            self.socket.peer.stop()
        await self.node.part(self.socket)

    # ---- opening ----

    async def _come_in(self) -> None:
        # What was read is not kept beyond this: of thousands of sockets it would be most.
        learn = self.node.learning()
        opening = await self._let_in()
        if opening is not None:
            self._begin(opening.login)
            await self._greet(opening, learn)

    def _begin(self, login: Login) -> None:
        limits = self.node.limits
        self.login = login
        peer: Peer = self.scope.get("extensions", {}).get(EXTENSION) or SendingPeer(self.base_send, self.node.nursery)
        self.socket = socket_for(login, peer, limits)
        bind_contextvars(connection=self.socket.id)
        self.bad_frames = deque(maxlen=max(1, limits.bad_frames_per_minute))
        self._pace = Pace(limits.frames_per_second)
        self._user_pace = pace_of_user(login.user.id, limits.user_frames_per_second)
        self._is_in = True

    async def _let_in(self) -> Opening | None:
        offered = self.scope.get("subprotocols", [])
        opening, peer = None, self.scope.get("extensions", {}).get(EXTENSION)
        try:
            # Of a crowd that comes at once many have given up waiting before it is their turn: others wait behind them.
            if self.node.is_draining or (peer is not None and peer.is_gone):
                raise Unavailable
            if not offered or SUBPROTOCOL in offered:
                opening = await self.authenticate()
        except (Unavailable, *DATABASE_AWAY):
            await deny(self.scope, self.base_send, seconds=1)
            return None
        metrics.handshakes.labels("refused" if opening is None else "accepted").inc()
        if opening is None:
            await self.base_send({"type": "websocket.close", "code": int(CloseCode.SIGNED_OUT)})
            return None
        accept: dict[str, Any] = {"type": "websocket.accept"}
        if offered:
            accept["subprotocol"] = SUBPROTOCOL
        await self.base_send(accept)
        return opening

    async def _greet(self, opening: Opening, learn: Callable[[Socket, Opening], None]) -> None:
        try:
            await self.node.greet(self.socket, opening, learn)
        except Exception:
            logger.exception("a socket could not be greeted")
            self.socket.close(CloseCode.INTERNAL, "the database can't be reached", retry_after=1)
            return
        hello = Hello(
            version=VERSION,
            connection=self.socket.id,
            epoch=self.socket.epoch,
            user=self.login.user,
            heartbeat_seconds=self.node.limits.heartbeat_seconds,
            time=time_now(),
            limits=vars(self.node.limits),
            channels=self.socket.descriptions(),
            presence=self.own_presence(),
            blocks=self.own_blocks(),
        )
        self.socket.greet(Prepared(encode(hello)))
        self.socket.forget_descriptions()
        metrics.opening_seconds.observe(time.perf_counter() - self._began_at)
        self.socket.is_greeted = True
        if self.socket.missed_openings:
            self.node.nursery.leave(self.node.accesses.compare_memberships())

    def _await_sync(self) -> None:
        """The client's part of the opening has so long; what the server takes for its own is not held against it."""
        seconds = self.node.limits.opening_seconds
        self._no_sync = asyncio.get_running_loop().call_later(
            seconds, lambda: self.socket.close(CloseCode.NO_SYNC, "no sync came in time", retry_after=1)
        )

    # ---- frames in ----

    async def _wait_for(self, frames: float) -> None:
        await self._pace.wait(frames)
        await self._user_pace.wait(frames)

    async def _take(self, event: Mapping[str, Any]) -> None:
        text = event.get("text")
        if text is None:
            self.refuse_frame(BadFrame(Invalid("Frames are JSON in text, not binary."), None))
            return
        if (
            len(text) > self.node.limits.frame_bytes
            or len(text.encode(errors="replace")) > self.node.limits.frame_bytes
        ):
            self.socket.close(CloseCode.TOO_BIG, "the frame is too big", retry_after=None)
            return
        try:
            command = decode_command(text)
        except BadFrame as bad:
            self.refuse_frame(bad)
            return
        try:
            await self._obey(command)
        except Refused as refusal:
            self.refuse(command.ref, refusal)
            channel_id = getattr(command, "channel", None)
            if channel_id in self.socket.accesses:
                self.node.counted.refused(channel_id, refusal.code)
        except Exception as error:
            self.refuse(command.ref, self.translated(error))

    async def _obey(self, command: AnyCommand) -> None:
        if not isinstance(command, Ping | Sync | Delivered):
            self.socket.active_at = time.monotonic()
        match command:
            case Ping():
                self.say(
                    Pong(
                        ref=given(command.ref),
                        epoch=self.node.epochs.current,
                        time=time_now(),
                        heads=self.node.hub.heads_of(self.socket),
                    )
                )
            case Sync():
                await self._sync(command)
            case Delivered():
                await self.require_access(command.channel)
                self._move_cursor(command, delivered=command.seq, read=0)
            case Read():
                self.require_may_write()
                await self.require_access(command.channel)
                self._move_cursor(command, delivered=command.seq, read=command.seq)
                self.seen(command.channel)
            case _:
                await self.do(command)

    async def _sync(self, command: Sync) -> None:
        socket = self.socket
        # Each channel that it names is work, and may be a frame back.
        await self._wait_for(len(command.channels) / CHANNELS_A_FRAME)
        began_at = time.perf_counter()
        is_first = not socket.is_synced and not command.more
        for channel_id in socket.refused if is_first else set(socket.refused) & set(command.channels):
            # The last of several frames does not name again what was held according to the first.
            socket.refused_held[channel_id] = command.channels.get(channel_id, socket.refused_held.get(channel_id, 0))
            self.node.seating.tell(socket, channel_id)
        for channel_id in command.channels:
            if channel_id not in socket.accesses and channel_id not in socket.refused:
                self.say(Channel(action="removed", channel=BareChannel(id=channel_id)))
        states = await self._caught_up(command)
        if is_first:
            socket.next_heartbeat = time.monotonic() + self.node.limits.heartbeat_seconds
        self.synced(states, is_first=is_first)
        self.confirm(command.ref, Ok(ref=given(command.ref), channels=states))
        metrics.sync_seconds.observe(time.perf_counter() - began_at)
        # Afterwards: nobody waits for what they missed, but who asks for the same without end is read later.
        await self._wait_for(replayed(states, held=command.channels) / CHANGES_A_FRAME)

    async def _caught_up(self, command: Sync) -> dict[int, SyncState]:
        assert self._no_sync is not None
        self._no_sync.cancel()
        is_comparable = command.epoch in (msgspec.UNSET, self.socket.epoch)
        try:
            states = await self.node.joining.sync(
                self.socket, command.channels, is_comparable=is_comparable, is_last=not command.more
            )
        except BaseException:
            if not self.socket.is_synced:
                self._await_sync()
            raise
        return states

    def _move_cursor(self, command: Delivered | Read, *, delivered: int, read: int) -> None:
        written = self.node.cursors.move(command.channel, self.socket.user_id, delivered=delivered, read=read)
        if command.ref is not None:
            written.add_done_callback(lambda done: self.confirm_write(command.ref, done))
