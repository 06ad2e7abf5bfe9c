"""This process's sockets and streams: writes each batch once for all its sockets, in order, and repairs gaps from the rows.

The order guard: a change is written only after every change before it, so that whoever's access ended by a change
gets nothing after it, whatever became of the announcements.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import msgspec

from delivery import protocol
from delivery.announcements import Change, Changed, Opened, Passing, stream_group
from delivery.peers import Prepared
from delivery.protocol import CloseCode, SyncState
from delivery.sockets import Socket
from delivery.source import Access, Missed, Source
from delivery.streams import Stream, cut_at_ends
from delivery.threads import DatabaseThreads

logger = logging.getLogger("gapless.hub")

#: How long an announcement may wait for the one before it before the rows are read instead. Redis takes about 1 ms.
PATIENCE_SECONDS = 0.03
#: Announcements of another database are never reached by the rows: after so many tries they are thrown away.
MOST_HEALINGS = 5
#: How long a replay waits for the peer to read what came before it.
REPLAY_STALL_SECONDS = 10
#: How long a stream without sockets is followed, so that those who come right back are served from memory.
LINGER_SECONDS = 60
#: Changes that a stream keeps in memory for those who come right back.
RECENT_CHANGES = 200


class StreamsApart(Exception):
    """The rows are behind what was read from them before: another database answers, or one that has lost its tail."""


class Hub:
    def __init__(
        self, source: Source, threads: DatabaseThreads, listen: Callable[[str], Awaitable[None]], *, batch: int
    ) -> None:
        self._source = source
        self._threads = threads
        self._listen = listen
        self._batch = batch
        self.users: dict[int, set[Socket]] = {}
        self.streams: dict[int, Stream] = {}
        self._opening: dict[int, asyncio.Task[Stream]] = {}
        self._repairing: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.gaps_repaired = 0
        self.slow_readers_closed = 0
        self.deliveries = 0

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
                self.slow_readers_closed += 1
                socket.close(CloseCode.SLOW_READER, "too much was waiting to be read", retry_after=1)
        except Exception:
            logger.exception("a frame could not be written to socket %s", socket.id)
            socket.abandon()

    # ---- catching up and following ----

    async def sync(self, socket: Socket, asked: Mapping[int, int]) -> dict[int, SyncState]:
        """Replays what was missed since the held numbers, then follows live: without a hole, without a double.

        A held 0 means "from now on"; so does, at the first sync, a stream that is left out. Streams without access are
        left out of the answer. When it fails in the middle, the socket may follow less than before: to be repeated.
        """
        async with socket.lock:
            held = dict(asked) if socket.is_synced else {**dict.fromkeys(socket.accesses, 0), **socket.told, **asked}
            streams: dict[int, Stream] = {}
            try:
                for stream_id in held:
                    access = socket.accesses.get(stream_id)
                    if access is not None:
                        streams[stream_id] = await self._open(access)
                        streams[stream_id].pins += 1
                        streams[stream_id].sockets.discard(socket)
                states = await self._catch_up_all(socket, streams, held)
            finally:
                for stream in streams.values():
                    stream.pins -= 1
            socket.is_synced = True
            socket.told.clear()
            return states

    async def _catch_up_all(
        self, socket: Socket, streams: Mapping[int, Stream], held: Mapping[int, int]
    ) -> dict[int, SyncState]:
        replayable = await self._replayable(socket, streams, held)
        states: dict[int, SyncState] = {}
        for stream_id, stream in streams.items():
            state = await self._catch_up(socket, stream, held[stream_id] if replayable[stream_id] else None)
            if state is not None:
                states[stream_id] = SyncState(state.head, resync=not replayable[stream_id] or state.resync)
        return states

    async def _replayable(
        self, socket: Socket, streams: Mapping[int, Stream], held: Mapping[int, int]
    ) -> dict[int, bool]:
        answer: dict[int, bool] = {}
        ask: dict[int, int] = {}
        for stream_id, stream in streams.items():
            rev, access = held[stream_id], socket.accesses.get(stream_id)
            answer[stream_id] = rev == 0 or (access is not None and rev >= access.since)
            if rev and answer[stream_id] and rev < stream.floor:
                ask[stream_id] = rev
        if ask:
            answer.update(await self._threads.run(self._source.can_replay, ask))
        return answer

    async def _catch_up(self, socket: Socket, stream: Stream, held: int | None) -> SyncState | None:
        # None: without a replay, from now on. From the last await on nothing can slip in before the socket follows.
        if not await self._is_reached(socket, stream):
            return None
        resync = False
        if held:
            held, resync = await self._replay(socket, stream, held)
        if stream.id not in socket.accesses or socket.is_over or self.streams.get(stream.id) is not stream:
            return None
        if held and not resync:
            self._write_changes([socket], stream, stream.since(held), after=held, head=stream.position)
        stream.sockets.add(socket)
        stream.emptied_at = None
        return SyncState(stream.position, resync=resync)

    async def _is_reached(self, socket: Socket, stream: Stream) -> bool:
        """Brings stream and access to the same number: below it lies what is not for this socket, above it what is.

        False when the socket has no access (any more).
        """
        while (access := socket.accesses.get(stream.id)) is not None:
            if access.head < stream.started_at:
                # This process began to follow above it: the access may have ended in between, unseen.
                renewed = await self._threads.run(self._source.access, socket.user, stream.id)
                if stream.id not in socket.accesses:
                    return False
                if renewed is None:
                    self.end_access(socket, stream.id)
                    return False
                socket.accesses[stream.id] = renewed
            elif access.head > stream.position:
                await self._repair(stream)
                if access.head > stream.position:
                    raise StreamsApart(
                        f"stream {stream.id} is at {stream.position}, an access was read at {access.head}"
                    )
            elif stream.ends.get(socket.user, 0) > access.head:
                self.end_access(socket, stream.id)
                return False
            else:
                return True
        return False

    async def _replay(self, socket: Socket, stream: Stream, held: int) -> tuple[int, bool]:
        """Writes rows until the rest is in memory; returns the number reached, and whether it was from the future."""
        while held < stream.floor and stream.id in socket.accesses and not socket.is_over:
            missed = await self._threads.run(self._source.changes_since, stream.id, held, limit=self._batch)
            head = missed.head if len(missed.changes) < self._batch else missed.changes[-1].rev
            allowed = _until_end_of(socket.user, missed.changes)
            if len(allowed) < len(missed.changes):
                self.end_access(socket, stream.id)
                return held, False
            self._write_changes([socket], stream, allowed, after=held, head=head)
            held = head
            await self._until_read(socket)
        if held > stream.position:
            await self._repair(stream)
        return held, held > stream.position

    async def _until_read(self, socket: Socket) -> None:
        # A replay goes as fast as the peer reads, so that a slow line is not taken for a stuck reader.
        deadline = time.monotonic() + REPLAY_STALL_SECONDS
        while socket.peer.unsent_bytes > socket.soft_bytes and not socket.is_over and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def _open(self, access: Access) -> Stream:
        stream = self.streams.get(access.stream)
        if stream is not None:
            return stream
        opening = self._opening.get(access.stream)
        if opening is None:
            opening = self._opening[access.stream] = asyncio.ensure_future(self._follow(access))
            opening.add_done_callback(lambda _: self._opening.pop(access.stream, None))
        return await asyncio.shield(opening)

    async def _follow(self, access: Access) -> Stream:
        await self._listen(stream_group(access.stream))
        stream = Stream(access.stream, position=access.head, recent_most=RECENT_CHANGES)
        self.streams[access.stream] = stream
        # What was announced between the reading of the access and the subscription is in the rows.
        await self._repair(stream)
        return stream

    def needs(self, stream_id: int) -> bool:
        return stream_id in self.streams or stream_id in self._opening

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
            self._heal_soon(stream)
            return
        self._advance(stream, fitting, changed.head)
        for ahead in stream.take_ahead():
            self._advance(stream, stream.fitting(ahead) or [], ahead.head)

    def pass_on(self, passing: Passing) -> None:
        """Writes what is of the moment to whoever follows the stream and keeps up."""
        stream = self.streams.get(passing.stream)
        # Below its number somebody who has lost the stream since may still be following.
        if stream is not None and stream.position >= passing.head:
            frame = Prepared(passing.raw)
            for socket in list(stream.sockets):
                socket.write_if_idle(frame)

    def _advance(self, stream: Stream, changes: Sequence[Change], head: int) -> None:
        runs = list(cut_at_ends(changes)) or [[]]
        for number, run in enumerate(runs):
            after = stream.position
            if run and run[0].ends is not None:
                self._end_for_user(run[0].ends, stream.id, run[0].rev)
            reached = head if number == len(runs) - 1 else run[-1].rev
            stream.advance(run, reached)
            self._write_changes(stream.sockets, stream, run, after=after, head=reached)
            for change in run:
                if change.begins in self.users:
                    self.start(self.opened(Opened(user=change.begins, stream=stream.id, action="joined")))

    def _write_changes(
        self, sockets: Iterable[Socket], stream: Stream, changes: Sequence[Change], *, after: int, head: int
    ) -> None:
        if head <= after:
            return
        batches = [changes[start : start + self._batch] for start in range(0, len(changes), self._batch)] or [[]]
        for number, batch in enumerate(batches):
            reached = head if number == len(batches) - 1 else batch[-1].rev
            raws = [msgspec.Raw(change.raw) for change in batch]
            frame = Prepared(
                protocol.encode(protocol.Changes(channel=stream.id, after=after, head=reached, changes=raws))
            )
            for socket in list(sockets):
                self.deliver(socket, frame)
                self.deliveries += len(batch)
            after = reached

    # ---- gaps ----

    def _heal_soon(self, stream: Stream) -> None:
        if not stream.is_healing:
            stream.is_healing = True
            self.start(self._heal(stream))

    async def _heal(self, stream: Stream) -> None:
        try:
            for _ in range(MOST_HEALINGS):
                await asyncio.sleep(PATIENCE_SECONDS)
                if not stream.has_gap:
                    return
                await self._repair(stream)
            stream.ahead.clear()
        finally:
            stream.is_healing = False

    async def repair_behind(self, heads: Mapping[int, int]) -> None:
        """Reads what this process has not heard of: for each stream whose newest number is above its position."""
        for stream_id, head in heads.items():
            stream = self.streams.get(stream_id)
            if stream is not None and stream.position < head:
                await self._repair(stream)

    def drop_ahead(self, positions: Mapping[int, int], heads: Mapping[int, int]) -> None:
        """For streams that were above the rows before these were read: the database lost its tail. Everybody syncs anew."""
        for stream_id, position in positions.items():
            stream = self.streams.get(stream_id)
            if stream is not None and heads.get(stream_id, 0) < position:
                logger.error("stream %d was at %d, but its rows end at %s", stream_id, position, heads.get(stream_id))
                del self.streams[stream_id]
                for socket in list(stream.sockets):
                    socket.close(CloseCode.INTERNAL, "the channel's log went back", retry_after=1)

    async def _repair(self, stream: Stream) -> None:
        running = self._repairing.get(stream.id)
        if running is None:
            running = self._repairing[stream.id] = asyncio.ensure_future(self._read_rows(stream))
            running.add_done_callback(lambda _: self._repairing.pop(stream.id, None))
        await asyncio.shield(running)

    async def _read_rows(self, stream: Stream) -> None:
        limit = self._batch * 4
        while True:
            after = stream.position
            missed: Missed = await self._threads.run(self._source.changes_since, stream.id, after, limit=limit)
            is_last = len(missed.changes) < limit
            head = missed.head if is_last else missed.changes[-1].rev
            if head > stream.position:
                self.gaps_repaired += 1
                self.apply(Changed(stream=stream.id, after=after, head=head, changes=missed.changes))
            if is_last:
                return

    # ---- accesses open and end ----

    async def opened(self, opened: Opened) -> None:
        """Reads what the user may follow now, tells the user's sockets, and lets them follow."""
        for socket in list(self.users.get(opened.user, ())):
            if not socket.is_greeted:
                socket.missed_openings = True
                continue
            async with socket.lock:
                await self._open_access(socket, opened.stream, opened.action)

    async def _open_access(self, socket: Socket, stream_id: int, action: str) -> None:
        access = await self._threads.run(self._source.access, socket.user, stream_id)
        if access is None or socket.is_over:
            return
        is_new = stream_id not in socket.accesses
        if is_new:
            socket.accesses[stream_id] = access
        elif action == "joined":
            return
        told = protocol.Channel(action="joined" if is_new else action, channel=access.description)
        self.deliver(socket, Prepared(protocol.encode(told)))
        if is_new and not socket.is_synced:
            socket.told[stream_id] = access.head
        elif is_new:
            stream = await self._open(access)
            stream.pins += 1
            try:
                await self._catch_up(socket, stream, access.head)
            finally:
                stream.pins -= 1

    def close_strays(self) -> None:
        """Whoever has an access but does not follow it (a sync or an opening failed midway) comes back and syncs anew."""
        for socket in list(self.sockets):
            if socket.is_synced and not socket.lock.locked() and not socket.is_over:
                followed = (self.streams.get(stream_id) for stream_id in socket.accesses)
                if any(stream is None or socket not in stream.sockets for stream in followed):
                    logger.warning("socket %s does not follow what it may: closed, to come back", socket.id)
                    socket.close(CloseCode.INTERNAL, "lost track of a channel", retry_after=0.5)

    async def compare_memberships(self) -> None:
        """Heals lost bells: what opened or ended for the connected users without an announcement."""
        users = list(self.users)
        if not users:
            return
        known = [(socket, stream_id) for socket in self.sockets if socket.is_greeted for stream_id in socket.accesses]
        rows = await self._threads.run(self._source.memberships, users)
        for user, stream_id in rows:
            if any(s.is_greeted and stream_id not in s.accesses for s in self.users.get(user, ())):
                await self.opened(Opened(user=user, stream=stream_id, action="joined"))
        for socket, stream_id in known:
            if (socket.user, stream_id) in rows or stream_id not in socket.accesses:
                continue
            # Read again: the access may be younger than the rows.
            if await self._threads.run(self._source.access, socket.user, stream_id) is None:
                self.end_access(socket, stream_id)

    def _end_for_user(self, user: int, stream_id: int, rev: int) -> None:
        for socket in list(self.users.get(user, ())):
            access = socket.accesses.get(stream_id)
            # An access that began after this end is another one.
            if access is not None and access.since < rev:
                self.end_access(socket, stream_id)

    def end_access(self, socket: Socket, stream_id: int) -> None:
        """From here on nothing of the stream is written to the socket; the socket is told."""
        if socket.accesses.pop(stream_id, None) is None:
            return
        self._unfollow(socket, stream_id)
        told = protocol.Channel(action="removed", channel={"id": stream_id})
        self.deliver(socket, Prepared(protocol.encode(told)))

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


def _until_end_of(user: int, changes: Sequence[Change]) -> Sequence[Change]:
    for position, change in enumerate(changes):
        if change.ends == user:
            return changes[:position]
    return changes
