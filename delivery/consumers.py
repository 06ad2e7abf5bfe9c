"""SocketConsumer: one socket's conversation, from the handshake to the goodbye. What a command does to the product is a subclass's.

Frames never pass a database thread by default: Channels' own dispatch would hop through one before every event.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

import msgspec
from channels.consumer import AsyncConsumer

from delivery import metrics
from delivery.live.greeting import Greeting, Send
from delivery.live.openings import deny
from delivery.live.pacing import CHANGES_A_FRAME, CHANNELS_A_FRAME, FRAMES_A_QUERY
from delivery.live.peers import SendingPeer
from delivery.live.replays import replayed
from delivery.node import Node
from delivery.places import NoPlace
from delivery.wire.codec import BadFrame, decode_command, given
from delivery.wire.commands import AnyCommand, Delivered, Ping, Read, Sync
from delivery.wire.errors import Invalid, Refused
from delivery.wire.frames import BareChannel, Channel, Ok, Pong, SyncState
from delivery.wire.types import CloseCode, time_now

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
#: Commands that programs send by themselves: they are no sign that the person is there.
SAID_BY_PROGRAMS = (Ping, Sync, Delivered)


class SocketConsumer(Greeting, AsyncConsumer):
    """One socket. Subclasses define the authentication, the node that serves it, and their own commands."""

    # No layer channel a socket: the process has one, and the hub writes to the sockets.
    channel_layer_alias = ""

    _no_sync: asyncio.TimerHandle | None = None

    async def running_node(self) -> Node:
        raise NotImplementedError

    async def do(self, command: AnyCommand) -> None:
        """Does a command that SocketConsumer does not know and `do_at_once` has not done. Raises Refused."""
        raise NotImplementedError

    def do_at_once(self, command: AnyCommand) -> bool:
        """Does a command that needs no waiting; False: it did nothing. Raises Refused."""
        return False

    def require_may_write(self) -> None:
        """Raises Refused for a login that may only listen."""

    def check_access(self, channel_id: int) -> None:
        """In a database thread, for a channel that this socket does not follow: raises Refused unless the rows have an access."""
        raise NotImplementedError

    def seen(self, channel_id: int) -> None:
        """Called when the person has read in the channel."""

    def synced(self, channel_ids: Iterable[int], *, is_first: bool) -> None:
        """Called after the missed changes of a sync were written, before its reply."""

    async def require_access(self, channel_id: int) -> None:
        """Raises Refused without access. An access may be so new that this process does not know it: then the rows decide."""
        if channel_id not in self.socket.accesses:
            await self.pay_for_rows()
            await self.node.threads.read(self.check_access, channel_id)

    async def pay_for_rows(self) -> None:
        """Call it before a command that reads rows: after many of these in a row it waits."""
        await self._wait_for(FRAMES_A_QUERY)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self.scope = scope
        self.base_send = send
        client = scope.get("client")
        self.address = client[0] if client else None
        self.began_at = time.perf_counter()
        event = await receive()
        if event["type"] != "websocket.connect":
            return
        self.node = await self.running_node()
        try:
            await self._come_in_in_turn()
            if self.is_in:
                await self._converse(receive)
        finally:
            if self.is_in:
                await self._leave()

    async def _come_in_in_turn(self) -> None:
        try:
            opened = await self.node.openings.turn(self.line())
        except NoPlace:
            await deny(self.scope, self.base_send, seconds=self.node.openings.wait())
            return
        try:
            await self.come_in()
        finally:
            opened()

    async def _converse(self, receive: Receive) -> None:
        self._await_sync()
        self.socket.peer.offer_text(self._take_at_once)
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
        self.socket.peer.offer_text(None)
        if isinstance(self.socket.peer, SendingPeer):
            self.socket.peer.stop()
        await self.node.part(self.socket)

    def _await_sync(self) -> None:
        """The client's part of the opening has so long; what the server takes for its own is not held against it."""
        seconds = self.node.limits.opening_seconds
        self._no_sync = asyncio.get_running_loop().call_later(
            seconds, lambda: self.socket.close(CloseCode.NO_SYNC, "no sync came in time", retry_after=1)
        )

    # ---- frames in ----

    async def _wait_for(self, frames: float) -> None:
        for pace in (self._pace, self._user_pace):
            seconds = pace.spend(frames)
            if seconds is not None:
                await asyncio.sleep(seconds)

    async def _take(self, event: Mapping[str, Any]) -> None:
        text = event.get("text")
        if text is None:
            self.refuse_frame(BadFrame(Invalid("Frames are JSON in text, not binary."), None))
            return
        # A character takes four bytes at most: few frames are counted.
        most = self.node.limits.frame_bytes
        if len(text) > most // 4 and len(text.encode(errors="replace")) > most:
            self.socket.close(CloseCode.TOO_BIG, "the frame is too big", retry_after=None)
            return
        command: AnyCommand | None = event.get("command")
        try:
            command = command or decode_command(text)
        except BadFrame as bad:
            self.refuse_frame(bad)
            return
        try:
            await self._obey(command)
        except Exception as error:
            self._refuse_command(command, error)

    def _take_at_once(self, text: str) -> MutableMapping[str, Any] | None:
        # What makes nobody wait needs no turn of the conversation's task, which costs more than most commands do.
        event: dict[str, Any] = {"type": "websocket.receive", "text": text}
        is_short = len(text) <= self.node.limits.frame_bytes // 4
        if self.socket.closed_with is not None or not (is_short and self._pace.is_free and self._user_pace.is_free):
            return event
        try:
            command = event["command"] = decode_command(text)
        except BadFrame:
            return event
        try:
            if not self._obey_at_once(command):
                return event
        except Exception as error:
            self._refuse_command(command, error)
        self._pace.spend()
        self._user_pace.spend()
        return None

    def _refuse_command(self, command: AnyCommand, error: Exception) -> None:
        if not isinstance(error, Refused):
            self.refuse(command.ref, self.translated(error))
            return
        self.refuse(command.ref, error)
        channel_id = getattr(command, "channel", None)
        if channel_id in self.socket.accesses:
            self.node.counted.refused(channel_id, error.code)

    async def _obey(self, command: AnyCommand) -> None:
        if self._obey_at_once(command):
            return
        match command:
            case Sync():
                await self._sync(command)
            case Delivered() | Read():
                if isinstance(command, Read):
                    self.require_may_write()
                await self.require_access(command.channel)
                self._move_cursor(command)
            case _:
                await self.do(command)

    def _obey_at_once(self, command: AnyCommand) -> bool:
        if not isinstance(command, SAID_BY_PROGRAMS):
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
            case Delivered() | Read() if command.channel in self.socket.accesses:
                self._move_cursor(command)
            case _:
                return self.do_at_once(command)
        return True

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
        if self._no_sync is not None:
            self._no_sync.cancel()
        self._no_sync = None
        is_comparable = command.epoch in (msgspec.UNSET, self.socket.epoch)
        try:
            states = await self.node.catching_up.sync(
                self.socket, command.channels, is_comparable=is_comparable, is_last=not command.more
            )
        except BaseException:
            if not self.socket.is_synced:
                self._await_sync()
            raise
        return states

    def _move_cursor(self, command: Delivered | Read) -> None:
        is_read = isinstance(command, Read)
        if is_read:
            self.require_may_write()
        read = command.seq if is_read else 0
        written = self.node.cursors.move(command.channel, self.socket.user_id, delivered=command.seq, read=read)
        if command.ref is not None:
            written.add_done_callback(lambda done: self.confirm_write(command.ref, done))
        if is_read:
            self.seen(command.channel)
