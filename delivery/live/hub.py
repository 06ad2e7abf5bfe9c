"""This process's sockets and channels: writes each batch once for all its sockets, in order.

The order guard: a change is written only after every change before it, so that a user whose access ended by a change
gets nothing after it, whatever became of the announcements.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from delivery import metrics
from delivery.bus.announcements import Change, Changed, Moved, Passing, Spread
from delivery.live.channel import LiveChannel, cut_at_ends
from delivery.live.peers import Prepared
from delivery.live.receipts import Spelling
from delivery.live.socket import Socket
from delivery.live.tracing import tracers
from delivery.wire import codec, frames
from delivery.wire.types import CloseCode

logger = logging.getLogger("gapless.hub")

#: How long a channel without sockets is followed, so that clients that reconnect soon are served from memory; seconds.
LINGER_SECONDS = 60


class Hub:
    """`on_gap` hears of a channel with something ahead of a gap, `on_begin` of a (user, channel) that began with a change."""

    def __init__(
        self, *, batch: int, on_gap: Callable[[LiveChannel], None], on_begin: Callable[[int, int], None]
    ) -> None:
        self._batch = batch
        self._on_gap = on_gap
        self._on_begin = on_begin
        self.sockets_of: dict[int, set[Socket]] = {}
        self.channels: dict[int, LiveChannel] = {}

    # ---- sockets come and go ----

    @property
    def sockets(self) -> Iterable[Socket]:
        return (socket for sockets in list(self.sockets_of.values()) for socket in list(sockets))

    @property
    def size(self) -> int:
        return sum(len(sockets) for sockets in self.sockets_of.values())

    def add(self, socket: Socket) -> None:
        """Adds the socket: from now on it notices ended accesses of its user. Call it before its accesses are read."""
        self.sockets_of.setdefault(socket.user_id, set()).add(socket)

    def remove(self, socket: Socket) -> None:
        socket.has_left = True
        for channel_id in list(socket.accesses):
            self._unfollow(socket, channel_id)
        socket.accesses.clear()
        socket.refused.clear()
        sockets = self.sockets_of.get(socket.user_id)
        if sockets is not None:
            sockets.discard(socket)
            if not sockets:
                del self.sockets_of[socket.user_id]

    def heads_of(self, socket: Socket) -> dict[int, int]:
        """For each channel that the socket follows: the number up to which changes were written to it."""
        followed = ((channel_id, self.channels.get(channel_id)) for channel_id in socket.accesses)
        return {
            channel_id: channel.position
            for channel_id, channel in followed
            if channel is not None and socket in channel.sockets
        }

    def deliver(self, socket: Socket, frame: Prepared) -> None:
        """Writes one frame to one socket, or closes it if too many bytes are unsent. Never raises, because other sockets follow."""
        try:
            if not socket.write(frame):
                _close_slow_reader(socket)
        except Exception:
            logger.exception("a frame could not be written to socket %s", socket.id)
            socket.abandon()

    def shed(self, *, most_bytes: int) -> bool:
        """Closes the slowest sockets until the unsent bytes of the others are within the bound. Returns whether any were unsent."""
        # Nearly all have nothing unsent, and are looked at again and again.
        behind = (socket for socket in self.sockets if socket.peer.unsent_bytes and not socket.is_over)
        unsent = [(socket.unsent_bytes, socket) for socket in behind]
        total = sum(waiting for waiting, _ in unsent)
        if total <= most_bytes:
            return total > 0
        for waiting, socket in sorted(unsent, key=lambda pair: pair[0], reverse=True):
            if total <= most_bytes:
                break
            _close_slow_reader(socket)
            total -= waiting
        return True

    def end_access(self, socket: Socket, channel_id: int) -> None:
        """Ends the socket's access: no change of the channel is written to it any more, and it is told."""
        was_refused = socket.refused.pop(channel_id, None) is not None
        if socket.accesses.pop(channel_id, None) is None and not was_refused:
            return
        self._unfollow(socket, channel_id)
        told = frames.Channel(action="removed", channel=frames.BareChannel(id=channel_id))
        self.deliver(socket, Prepared(codec.encode(told)))

    def forget_idle(self, now: float) -> list[int]:
        """Stops following channels that had no sockets here for a while; returns them. Forgets old changes of the others."""
        gone = []
        for channel in list(self.channels.values()):
            channel.forget_old(now)
            if channel.sockets or channel.pins:
                channel.emptied_at = None
            elif channel.emptied_at is None:
                channel.emptied_at = now
            elif now - channel.emptied_at > LINGER_SECONDS:
                del self.channels[channel.id]
                gone.append(channel.id)
        return gone

    def forget_removed(self, floors: Mapping[int, int]) -> None:
        """Forgets changes whose rows may be gone: those up to each channel's number here."""
        for channel_id, floor in floors.items():
            channel = self.channels.get(channel_id)
            if channel is not None and channel.floor < floor:
                channel.forget(floor)

    # ---- what happens in a channel ----

    def apply(self, changed: Changed) -> None:
        """Takes announcements in any order; writes each after all changes before it."""
        channel = self.channels.get(changed.channel_id)
        if channel is None or changed.head <= channel.position:
            return
        fitting = channel.fitting(changed)
        if fitting is None:
            channel.keep_ahead(changed)
            self._on_gap(channel)
            return
        self._advance(channel, fitting, changed.head)
        for ahead in channel.take_ahead():
            self._advance(channel, channel.fitting(ahead) or [], ahead.head)

    def pass_on(self, passing: Passing) -> None:
        """Writes a frame of the moment to the sockets that follow the channel and keep up; forgets what is outdated."""
        if passing.outdated and (channel := self.channels.get(passing.channel_id)) is not None:
            channel.forget(passing.outdated)
        frame = Prepared(passing.raw)
        for socket in self.followers(passing.channel_id, head=passing.head) or ():
            socket.write_if_idle(frame)

    def spread(self, spread: Spread) -> None:
        """Writes a frame that concerns many channels once to each socket that is open and keeps up."""
        frame, channels = Prepared(spread.raw), frozenset(spread.channel_ids)
        for socket in self.sockets:
            is_meant = socket.user_id == spread.user_id or not channels.isdisjoint(socket.accesses)
            if is_meant and socket.is_synced:
                socket.write_if_idle(frame)

    def tell_receipts(self, moved: Moved) -> None:
        """Sends moved cursors to the sockets that follow the channel and keep up, and unread counts to the cursors' owners."""
        spelled = Spelling(moved)
        for socket in self.followers(moved.channel_id, head=moved.head) or ():
            cursor = spelled.cursors.get(socket.user_id)
            if socket.write_if_idle(spelled.frame_for(socket.user_id)) and cursor is not None:
                socket.learn(moved.channel_id, cursor.version)

    def followers(self, channel_id: int, *, head: int) -> list[Socket] | None:
        """The sockets that may get a frame sent at this head; None while this process is behind it and can't know."""
        channel = self.channels.get(channel_id)
        if channel is None:
            return []
        # Below its number somebody who has lost the channel since may still be following.
        return list(channel.sockets) if channel.position >= head else None

    def write_changes(
        self, sockets: Iterable[Socket], channel: LiveChannel, changes: Sequence[Change], *, after: int, head: int
    ) -> None:
        """Writes changes in frames of at most one batch, each encoded once; an empty frame if only the number moved."""
        if head <= after:
            return
        batches = [changes[start : start + self._batch] for start in range(0, len(changes), self._batch)] or [[]]
        for number, batch in enumerate(batches):
            reached = head if number == len(batches) - 1 else batch[-1].rev
            raws = [msgspec.Raw(change.raw) for change in batch]
            frame = Prepared(codec.encode(frames.Changes(channel=channel.id, after=after, head=reached, changes=raws)))
            receivers = list(sockets)
            for socket in receivers:
                self.deliver(socket, frame)
            # Once for all of them: a lock a socket would be felt here.
            metrics.deliveries.inc(len(batch) * len(receivers))
            after = reached

    def _advance(self, channel: LiveChannel, changes: Sequence[Change], head: int) -> None:
        runs = list(cut_at_ends(changes)) or [[]]
        for number, run in enumerate(runs):
            after = channel.position
            if run and run[0].ends is not None:
                self._end_for_user(run[0].ends, channel.id, run[0].rev)
            reached = head if number == len(runs) - 1 else run[-1].rev
            channel.advance(run, reached)
            began_at = time.perf_counter()
            self.write_changes(channel.sockets, channel, run, after=after, head=reached)
            for tracer in tracers:
                tracer.delivered(channel.id, run, sockets=len(channel.sockets), began_at=began_at)
            for change in run:
                if change.begins in self.sockets_of:
                    self._on_begin(change.begins, channel.id)

    def _end_for_user(self, user_id: int, channel_id: int, rev: int) -> None:
        for socket in list(self.sockets_of.get(user_id, ())):
            access = socket.accesses.get(channel_id) or socket.refused.get(channel_id)
            # An access that began after this end is another one.
            if access is not None and access.since < rev:
                self.end_access(socket, channel_id)

    def _unfollow(self, socket: Socket, channel_id: int) -> None:
        channel = self.channels.get(channel_id)
        if channel is not None:
            channel.sockets.pop(socket, None)
            if not channel.sockets:
                channel.emptied_at = time.monotonic()


def _close_slow_reader(socket: Socket) -> None:
    metrics.slow_readers_closed.inc()
    socket.close(CloseCode.SLOW_READER, "too much was waiting to be read", retry_after=1)
