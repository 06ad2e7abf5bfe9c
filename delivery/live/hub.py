"""This process's sockets and streams: writes each batch once for all its sockets, in order.

The order guard: a change is written only after every change before it, so that whoever's access ended by a change
gets nothing after it, whatever became of the announcements.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from delivery import metrics
from delivery.bus.announcements import Change, Changed, Moved, Passing, Spread
from delivery.live.channel import Stream, cut_at_ends
from delivery.live.peers import Prepared
from delivery.live.receipts import Spelling
from delivery.live.socket import Socket
from delivery.wire import protocol
from delivery.wire.protocol import CloseCode

logger = logging.getLogger("gapless.hub")

#: How long a stream without sockets is followed, so that those who come right back are served from memory.
LINGER_SECONDS = 60


class Hub:
    """`on_gap` hears of a stream with something ahead of a gap, `on_begin` of a (user, stream) that began with a change."""

    def __init__(self, *, batch: int, on_gap: Callable[[Stream], None], on_begin: Callable[[int, int], None]) -> None:
        self._batch = batch
        self._on_gap = on_gap
        self._on_begin = on_begin
        self.users: dict[int, set[Socket]] = {}
        self.streams: dict[int, Stream] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # ---- sockets come and go ----

    @property
    def sockets(self) -> Iterable[Socket]:
        return (socket for sockets in list(self.users.values()) for socket in list(sockets))

    @property
    def size(self) -> int:
        return sum(len(sockets) for sockets in self.users.values())

    def add(self, socket: Socket) -> None:
        """From here on, whatever ends for this user is seen for this socket. Must come before its accesses are read."""
        self.users.setdefault(socket.user, set()).add(socket)

    def remove(self, socket: Socket) -> None:
        socket.has_left = True
        for stream_id in list(socket.accesses):
            self._unfollow(socket, stream_id)
        socket.accesses.clear()
        socket.refused.clear()
        sockets = self.users.get(socket.user)
        if sockets is not None:
            sockets.discard(socket)
            if not sockets:
                del self.users[socket.user]

    def heads_of(self, socket: Socket) -> dict[int, int]:
        """The number up to which this socket was written to, for each stream it follows."""
        followed = ((stream_id, self.streams.get(stream_id)) for stream_id in socket.accesses)
        return {
            stream_id: stream.position
            for stream_id, stream in followed
            if stream is not None and socket in stream.sockets
        }

    def deliver(self, socket: Socket, frame: Prepared) -> None:
        """Writes one frame to one socket, or closes it when it has read too little. Never raises: others come after it."""
        try:
            if not socket.write(frame):
                _close_slow_reader(socket)
        except Exception:
            logger.exception("a frame could not be written to socket %s", socket.id)
            socket.abandon()

    def shed(self, *, most_bytes: int) -> None:
        """Closes the slowest readers, until no more than this is unsent to all others together."""
        unsent = [(socket.unsent_bytes, socket) for socket in self.sockets if not socket.is_over]
        total = sum(waiting for waiting, _ in unsent)
        if total <= most_bytes:
            return
        for waiting, socket in sorted(unsent, key=lambda pair: pair[0], reverse=True):
            if total <= most_bytes:
                break
            _close_slow_reader(socket)
            total -= waiting

    def end_access(self, socket: Socket, stream_id: int) -> None:
        """From here on nothing of the stream is written to the socket; the socket is told."""
        was_refused = socket.refused.pop(stream_id, None) is not None
        if socket.accesses.pop(stream_id, None) is None and not was_refused:
            return
        self._unfollow(socket, stream_id)
        told = protocol.Channel(action="removed", channel=protocol.BareChannel(id=stream_id))
        self.deliver(socket, Prepared(protocol.encode(told)))

    def forget_idle(self, now: float) -> list[int]:
        """Stops following streams that nobody here has followed for a while; returns them."""
        gone = []
        for stream in list(self.streams.values()):
            if stream.sockets or stream.pins:
                stream.emptied_at = None
            elif stream.emptied_at is None:
                stream.emptied_at = now
            elif now - stream.emptied_at > LINGER_SECONDS:
                del self.streams[stream.id]
                gone.append(stream.id)
        return gone

    # ---- what happens in a stream ----

    def apply(self, changed: Changed) -> None:
        """Takes an announcement in whatever order it comes; writes it when everything before it was written."""
        stream = self.streams.get(changed.stream)
        if stream is None or changed.head <= stream.position:
            return
        fitting = stream.fitting(changed)
        if fitting is None:
            stream.keep_ahead(changed)
            self._on_gap(stream)
            return
        self._advance(stream, fitting, changed.head)
        for ahead in stream.take_ahead():
            self._advance(stream, stream.fitting(ahead) or [], ahead.head)

    def pass_on(self, passing: Passing) -> None:
        """Writes what is of the moment to whoever follows the stream and keeps up."""
        frame = Prepared(passing.raw)
        for socket in self.followers(passing.stream, head=passing.head) or ():
            socket.write_if_idle(frame)

    def spread(self, spread: Spread) -> None:
        """Writes what concerns many streams once to each socket that is open and keeps up."""
        frame, streams = Prepared(spread.raw), frozenset(spread.streams)
        for socket in self.sockets:
            is_meant = socket.user == spread.user or not streams.isdisjoint(socket.accesses)
            if is_meant and socket.is_synced:
                socket.write_if_idle(frame)

    def tell_receipts(self, moved: Moved) -> None:
        """Says whose cursors moved to whoever follows the stream and keeps up, and to those persons what else is theirs."""
        spelled = Spelling(moved)
        for socket in self.followers(moved.stream, head=moved.head) or ():
            cursor = spelled.cursors.get(socket.user)
            if socket.write_if_idle(spelled.frame_for(socket.user)) and cursor is not None:
                socket.learn(moved.stream, cursor.version)

    def followers(self, stream_id: int, *, head: int) -> list[Socket] | None:
        """Who may hear what was said of the stream at that number. None while that can't be told: we are behind."""
        stream = self.streams.get(stream_id)
        if stream is None:
            return []
        # Below its number somebody who has lost the stream since may still be following.
        return list(stream.sockets) if stream.position >= head else None

    def write_changes(
        self, sockets: Iterable[Socket], stream: Stream, changes: Sequence[Change], *, after: int, head: int
    ) -> None:
        """Frames of at most one batch each, encoded once; an empty one when only the number has moved."""
        if head <= after:
            return
        batches = [changes[start : start + self._batch] for start in range(0, len(changes), self._batch)] or [[]]
        for number, batch in enumerate(batches):
            reached = head if number == len(batches) - 1 else batch[-1].rev
            raws = [msgspec.Raw(change.raw) for change in batch]
            frame = Prepared(
                protocol.encode(protocol.Changes(channel=stream.id, after=after, head=reached, changes=raws))
            )
            receivers = list(sockets)
            for socket in receivers:
                self.deliver(socket, frame)
            # Once for all of them: a lock a socket would be felt here.
            metrics.deliveries.inc(len(batch) * len(receivers))
            after = reached

    def _advance(self, stream: Stream, changes: Sequence[Change], head: int) -> None:
        runs = list(cut_at_ends(changes)) or [[]]
        for number, run in enumerate(runs):
            after = stream.position
            if run and run[0].ends is not None:
                self._end_for_user(run[0].ends, stream.id, run[0].rev)
            reached = head if number == len(runs) - 1 else run[-1].rev
            stream.advance(run, reached)
            self.write_changes(stream.sockets, stream, run, after=after, head=reached)
            for change in run:
                if change.begins in self.users:
                    self._on_begin(change.begins, stream.id)

    def _end_for_user(self, user: int, stream_id: int, rev: int) -> None:
        for socket in list(self.users.get(user, ())):
            access = socket.accesses.get(stream_id) or socket.refused.get(stream_id)
            # An access that began after this end is another one.
            if access is not None and access.since < rev:
                self.end_access(socket, stream_id)

    def _unfollow(self, socket: Socket, stream_id: int) -> None:
        stream = self.streams.get(stream_id)
        if stream is not None:
            stream.sockets.discard(socket)
            if not stream.sockets:
                stream.emptied_at = time.monotonic()

    def start(self, work: Awaitable[None]) -> None:
        """Runs in the background; what it raises is logged, and healed by the position check."""

        async def logged() -> None:
            try:
                await work
            except Exception as error:
                logger.warning("background work failed, the position check will heal it: %r", error)

        task = asyncio.ensure_future(logged())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _close_slow_reader(socket: Socket) -> None:
    metrics.slow_readers_closed.inc()
    socket.close(CloseCode.SLOW_READER, "too much was waiting to be read", retry_after=1)
