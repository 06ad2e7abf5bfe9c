"""SocketConsumer: one socket's conversation, from the handshake to the goodbye. What a command does to the product is a subclass's.

Frames never pass a database thread by default: Channels' own dispatch would hop through one before every event.
"""

import asyncio
import logging
import math
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from channels.consumer import AsyncConsumer
from structlog.contextvars import bind_contextvars

from delivery import metrics
from delivery.bucket import Bucket
from delivery.live.peers import EXTENSION, Peer, PeerGone, Prepared, SendingPeer
from delivery.live.socket import Socket
from delivery.node import Node
from delivery.places import NoPlace
from delivery.source import Login
from delivery.wire.codec import BadFrame, decode_command, encode, encode_refusal, given
from delivery.wire.commands import AnyCommand, Delivered, Ping, Read, Sync
from delivery.wire.errors import Internal, Invalid, Refused, TooManyConnections, Unavailable
from delivery.wire.frames import BareChannel, Channel, Frame, Hello, Ok, OwnPresence, Pong, SyncState
from delivery.wire.types import SUBPROTOCOL, VERSION, CloseCode, Ref, time_now

logger = logging.getLogger("gapless.socket")

#: Frames of one socket that are taken before the loop turns to others.
FRAMES_A_TURN = 8
#: So many channels of a sync cost as much as a frame.
CHANNELS_A_FRAME = 10
#: What asks the rows takes a thread and a connection, where other frames take a moment of the loop: it costs so many of them.
FRAMES_A_QUERY = 25
#: So many changes of a replay cost as much as a frame: each was read and sent.
CHANGES_A_FRAME = 4


Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Pace:
    """How fast one socket's frames are taken: beyond it, reading waits, and the peer feels it."""

    def __init__(self, per_second: int) -> None:
        self._bucket = Bucket(per_second, seconds=1)
        self._since_yield = 0

    async def wait(self, frames: float = 1) -> None:
        debt = self._bucket.spend(frames)
        self._since_yield += 1
        if debt:
            await asyncio.sleep(debt)
        elif self._since_yield >= FRAMES_A_TURN:
            # Frames that need no database would otherwise keep the loop from everybody else.
            self._since_yield = 0
            await asyncio.sleep(0)


#: The pace of each user's sockets together, for as long as there is one.
_paces: WeakValueDictionary[int, Pace] = WeakValueDictionary()


class SocketConsumer(AsyncConsumer):
    """Subclasses say who may come in (`authenticate`), which node serves them, and what their own commands do."""

    # No layer channel a socket: the process has one, and the hub writes to the sockets.
    channel_layer_alias = ""

    node: Node
    socket: Socket

    async def authenticate(self) -> Login | None:
        """Who is at the other end; None refuses the handshake with 403."""
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

    async def __call__(
        self,
        scope: Mapping[str, Any],
        receive: Receive,
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
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
            await self._deny(self.node.openings.wait())
            return
        try:
            if await self._let_in():
                await self._converse(receive, opened)
        finally:
            opened()

    async def _converse(self, receive: Receive, opened: Callable[[], None]) -> None:
        peer: Peer = self.scope.get("extensions", {}).get(EXTENSION) or SendingPeer(self.base_send, self.node.nursery)
        self.socket = self._socket_for(peer)
        bind_contextvars(connection=self.socket.id)
        self._bad_frames: deque[float] = deque(maxlen=max(1, self.node.limits.bad_frames_per_minute))
        self._pace = Pace(self.node.limits.frames_per_second)
        self._user_pace = _paces.setdefault(self.login.user.id, Pace(self.node.limits.user_frames_per_second))
        self._no_sync: asyncio.TimerHandle | None = None
        try:
            await self._greet()
            opened()
            self._await_sync()
            while True:
                event = await receive()
                if event["type"] == "websocket.disconnect":
                    break
                if self.socket.closed_with is None:
                    await self._wait_for(1)
                    await self._take(event)
        finally:
            if self._no_sync is not None:
                self._no_sync.cancel()
            if isinstance(peer, SendingPeer):
                peer.stop()
            await self.node.part(self.socket)

    # ---- opening ----

    async def _let_in(self) -> bool:
        offered = self.scope.get("subprotocols", [])
        login = None
        try:
            if self.node.is_draining:
                raise Unavailable
            if not offered or SUBPROTOCOL in offered:
                login = await self.authenticate()
        except (Unavailable, *self.node.retryable):  # type: ignore[misc]  # (mypy can't see into the tuple)
            await self._deny(1)
            return False
        metrics.handshakes.labels("refused" if login is None else "accepted").inc()
        if login is None:
            await self.base_send({"type": "websocket.close", "code": int(CloseCode.SIGNED_OUT)})
            return False
        self.login = login
        accept: dict[str, Any] = {"type": "websocket.accept"}
        if offered:
            accept["subprotocol"] = SUBPROTOCOL
        await self.base_send(accept)
        return True

    async def _deny(self, seconds: float) -> None:
        # 503 where the server can say it, else 403: either way the client comes back later.
        metrics.handshakes.labels("unavailable").inc()
        if "websocket.http.response" in self.scope.get("extensions", {}):
            headers = [(b"retry-after", b"%d" % max(1, math.ceil(seconds))), (b"content-type", b"text/plain")]
            await self.base_send({"type": "websocket.http.response.start", "status": 503, "headers": headers})
            await self.base_send({"type": "websocket.http.response.body", "body": b"try again later\n"})
        else:
            await self.base_send({"type": "websocket.close", "code": int(CloseCode.RESTARTING)})

    def _socket_for(self, peer: Peer) -> Socket:
        limits = self.node.limits
        return Socket(
            self.login,
            peer,
            soft_bytes=limits.outbox_soft_bytes,
            most_bytes=limits.outbox_bytes,
            most_frames=limits.outbox_frames,
        )

    async def _greet(self) -> None:
        try:
            await self.node.greet(self.socket)
        except PeerGone:
            return
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
            channels=self._descriptions(),
            presence=self.own_presence(),
            blocks=self.own_blocks(),
        )
        self.socket.greet(Prepared(encode(hello)))
        self.socket.forget_descriptions()
        metrics.opening_seconds.observe(time.perf_counter() - self._began_at)
        self.socket.is_greeted = True
        if self.socket.missed_openings:
            self.node.nursery.leave(self.node.accesses.compare_memberships())

    def _descriptions(self) -> list[BareChannel]:
        """Every channel; `refused` is why this socket does not hear of one."""
        followed = [access.description for access in self.socket.accesses.values()]
        without_seat = [
            msgspec.structs.replace(access.description, refused=TooManyConnections.code)
            for access in self.socket.refused.values()
        ]
        return followed + without_seat

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
            self._refuse_frame(BadFrame(Invalid("Frames are JSON in text, not binary."), None))
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
            self._refuse_frame(bad)
            return
        try:
            await self._obey(command)
        except Refused as refusal:
            self.refuse(command.ref, refusal)
            channel_id = getattr(command, "channel", None)
            if channel_id in self.socket.accesses:
                self.node.figures.refused(channel_id, refusal.code)
        except Exception as error:
            self.refuse(command.ref, self.translated(error))

    async def _obey(self, command: AnyCommand) -> None:
        if not isinstance(command, Ping | Sync | Delivered):
            self.socket.active_at = time.monotonic()
        match command:
            case Ping():
                self._say(
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
                self._say(Channel(action="removed", channel=BareChannel(id=channel_id)))
        states = await self._caught_up(command)
        if is_first:
            socket.next_heartbeat = time.monotonic() + self.node.limits.heartbeat_seconds
        self.synced(states, is_first=is_first)
        self.confirm(command.ref, Ok(ref=given(command.ref), channels=states))
        metrics.sync_seconds.observe(time.perf_counter() - began_at)
        # Afterwards: nobody waits for what they missed, but who asks for the same without end is read later.
        await self._wait_for(_replayed(states, held=command.channels) / CHANGES_A_FRAME)

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
        written = self.node.cursors.move(command.channel, self.socket.user, delivered=delivered, read=read)
        if command.ref is not None:
            written.add_done_callback(lambda done: self._confirm_cursor(command.ref, done))

    def _confirm_cursor(self, ref: Ref | None, done: "asyncio.Future[None]") -> None:
        if done.cancelled() or done.exception() is not None:
            self.refuse(ref, Unavailable())
        else:
            self.confirm(ref, Ok(ref=given(ref)))

    # ---- frames out ----

    def confirm(self, ref: Ref | None, ok: Ok) -> None:
        """The one reply to a command that was done; without a ref, success is silent."""
        if ref is not None:
            self._say(ok)

    def refuse(self, ref: Ref | None, refusal: Refused) -> None:
        metrics.errors.labels(refusal.code, "socket").inc()
        self.node.hub.deliver(self.socket, Prepared(encode_refusal(refusal, ref=ref)))

    def _say(self, frame: Frame) -> None:
        self.node.hub.deliver(self.socket, Prepared(encode(frame)))

    def _refuse_frame(self, bad: BadFrame) -> None:
        self.refuse(bad.ref, bad.refusal)
        now = time.monotonic()
        self._bad_frames.append(now)
        if len(self._bad_frames) == self._bad_frames.maxlen and now - self._bad_frames[0] < 60:
            self.socket.close(CloseCode.PROTOCOL, "too many frames could not be understood", retry_after=None)

    def translated(self, error: Exception) -> Refused:
        """What a client is told of an error that is no refusal: away is away, anything else is noted with a reference."""
        if isinstance(error, self.node.retryable):
            return Unavailable()
        reference = secrets.token_hex(6)
        logger.error("reference %s", reference, exc_info=error)
        return Internal(reference)


def _replayed(states: Mapping[int, SyncState], *, held: Mapping[int, int]) -> int:
    caught_up = {
        channel_id: state.head for channel_id, state in states.items() if held.get(channel_id) and not state.resync
    }
    return sum(head - held[channel_id] for channel_id, head in caught_up.items())
