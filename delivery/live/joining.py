"""Catching up and beginning to follow: replays what was missed, then hands over to the live stream without hole or double."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from delivery import metrics
from delivery.bus.announcements import Change, stream_group
from delivery.live.batches import batched
from delivery.live.channel import Stream
from delivery.live.gaps import Gaps
from delivery.live.hub import Hub
from delivery.live.socket import Socket
from delivery.source import Access, Missed, Source
from delivery.threads import DatabaseThreads
from delivery.wire.protocol import SyncState

#: How long a replay waits for the peer to read what came before it.
REPLAY_STALL_SECONDS = 10
#: Changes that a stream keeps in memory for those who come right back.
RECENT_CHANGES = 200
#: Streams that are begun together, with one statement for all their heads.
OPENED_AT_ONCE = 1000
#: Streams whose missed rows are read with one statement: a batch of each is kept in memory.
STREAMS_AT_ONCE = 100


class StreamsApart(Exception):
    """The rows are behind what was read from them before: another database answers, or one that has lost its tail."""


class Joining:
    """`listen` subscribes to the announcements of groups."""

    def __init__(
        self,
        hub: Hub,
        gaps: Gaps,
        source: Source,
        threads: DatabaseThreads,
        listen: Callable[[Sequence[str]], Awaitable[None]],
        *,
        batch: int,
    ) -> None:
        self._hub = hub
        self._gaps = gaps
        self._source = source
        self._threads = threads
        self._listen = listen
        self._batch = batch
        self._opening: dict[int, asyncio.Task[dict[int, Stream]]] = {}

    async def sync(
        self, socket: Socket, asked: Mapping[int, int], *, is_comparable: bool = True, is_last: bool = True
    ) -> dict[int, SyncState]:
        """Replays what was missed since the held numbers, then follows live: without a hole, without a double.

        A held 0 means "from now on"; so does, at the first sync, a stream that is left out. Streams without access are
        left out of the answer. When it fails in the middle, the socket may follow less than before: to be repeated.
        is_comparable: the numbers are of this epoch; else all is to be loaded afresh. is_last: nothing of the first sync is to
        come; what was left out of all of it begins.
        """
        async with socket.lock:
            held = dict(asked) if socket.is_synced or not is_last else {**self._left_out(socket), **asked}
            streams: dict[int, Stream] = {}
            try:
                asked_for = [access for stream_id in held if (access := socket.accesses.get(stream_id)) is not None]
                async for stream in self._open_all(asked_for):
                    streams[stream.id] = stream
                    stream.pins += 1
                    stream.sockets.discard(socket)
                if is_comparable:
                    replayable = await self._replayable(socket, streams, held)
                else:
                    replayable = dict.fromkeys(streams, False)
                states = await self._catch_up_all(socket, streams, held, replayable)
            finally:
                for stream in streams.values():
                    stream.pins -= 1
            if is_last:
                socket.is_synced = True
                socket.told.clear()
            return states

    async def follow(self, socket: Socket, access: Access, *, held: int) -> None:
        """Lets a synced socket follow one stream more, from a number up to that at which its access was read."""
        async with self.pinned(access) as stream:
            await self._catch_up(socket, stream, held)

    @contextlib.asynccontextmanager
    async def pinned(self, access: Access) -> AsyncIterator[Stream]:
        """The stream, followed at least from that access' number on, for as long as this lasts."""
        stream = await self._opened(access)
        stream.pins += 1
        try:
            yield stream
        finally:
            stream.pins -= 1

    def needs(self, stream_id: int) -> bool:
        """Whether the announcements of a stream are still wanted here."""
        return stream_id in self._hub.streams or stream_id in self._opening

    def _left_out(self, socket: Socket) -> dict[int, int]:
        streams = ((stream_id, self._hub.streams.get(stream_id)) for stream_id in socket.accesses)
        return {
            stream_id: socket.told.get(stream_id, 0)
            for stream_id, stream in streams
            if stream is None or socket not in stream.sockets
        }

    async def _catch_up_all(
        self,
        socket: Socket,
        streams: Mapping[int, Stream],
        held: Mapping[int, int],
        replayable: Mapping[int, bool],
    ) -> dict[int, SyncState]:
        states: dict[int, SyncState] = {}
        for some in batched(streams.values(), STREAMS_AT_ONCE):
            behind = {s.id: held[s.id] for s in some if replayable[s.id] and 0 < held[s.id] < s.floor}
            ahead = await self._threads.read(self._source.changes_of, behind, limit=self._batch) if behind else {}
            for stream in some:
                can_replay = replayable[stream.id]
                state = await self._catch_up(
                    socket, stream, held[stream.id] if can_replay else None, ahead=ahead.get(stream.id)
                )
                if state is not None:
                    states[stream.id] = SyncState(state.head, resync=not can_replay or state.resync)
                    _count(states[stream.id], held=held[stream.id])
            # Thousands of streams are not caught up in one breath of the loop.
            await asyncio.sleep(0)
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
            answer.update(await self._threads.read(self._source.can_replay, ask))
        return answer

    async def _catch_up(
        self, socket: Socket, stream: Stream, held: int | None, *, ahead: Missed | None = None
    ) -> SyncState | None:
        # None: without a replay, from now on. `ahead`: rows after `held`, read for many streams together. From the last await on
        # nothing can slip in before the socket follows.
        if not await self._is_reached(socket, stream):
            return None
        resync = False
        if held:
            held, resync = await self._replay(socket, stream, held, ahead=ahead)
        if stream.id not in socket.accesses or socket.is_over or self._hub.streams.get(stream.id) is not stream:
            return None
        if held and not resync:
            self._hub.write_changes([socket], stream, stream.since(held), after=held, head=stream.position)
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
                renewed = await self._threads.read(self._source.access, socket.user, stream.id)
                if stream.id not in socket.accesses:
                    return False
                if renewed is None:
                    self._hub.end_access(socket, stream.id)
                    return False
                socket.accesses[stream.id] = renewed
            elif access.head > stream.position:
                await self._gaps.repair(stream)
                if access.head > stream.position:
                    raise StreamsApart(
                        f"stream {stream.id} is at {stream.position}, an access was read at {access.head}"
                    )
            elif stream.ends.get(socket.user, 0) > access.head:
                self._hub.end_access(socket, stream.id)
                return False
            else:
                return True
        return False

    async def _replay(
        self, socket: Socket, stream: Stream, held: int, *, ahead: Missed | None = None
    ) -> tuple[int, bool]:
        """Writes rows until the rest is in memory; returns the number reached, and whether it was from the future."""
        while held < stream.floor and stream.id in socket.accesses and not socket.is_over:
            if ahead is None:
                ahead = await self._threads.read(self._source.changes_since, stream.id, held, limit=self._batch)
            missed, ahead = ahead, None
            head = missed.head if len(missed.changes) < self._batch else missed.changes[-1].rev
            allowed = _until_end_of(socket.user, missed.changes)
            if len(allowed) < len(missed.changes):
                self._hub.end_access(socket, stream.id)
                return held, False
            self._hub.write_changes([socket], stream, allowed, after=held, head=head)
            held = head
            await self._until_read(socket)
        if held > stream.position:
            await self._gaps.repair(stream)
        return held, held > stream.position

    async def _until_read(self, socket: Socket) -> None:
        # A replay goes as fast as the peer reads, so that a slow line is not taken for a stuck reader.
        deadline = time.monotonic() + REPLAY_STALL_SECONDS
        while socket.is_behind and not socket.is_over and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def _open_all(self, accesses: Sequence[Access]) -> AsyncIterator[Stream]:
        for some in batched(accesses, OPENED_AT_ONCE):
            new = [a for a in some if a.stream not in self._hub.streams and a.stream not in self._opening]
            if new:
                self._begin_opening(new)
            for access in some:
                yield await self._opened(access)

    async def _opened(self, access: Access) -> Stream:
        # What was followed a moment ago may have been forgotten while others were waited for.
        if access.stream not in self._hub.streams and access.stream not in self._opening:
            self._begin_opening([access])
        opening = self._opening.get(access.stream)
        opened = {} if opening is None else await asyncio.shield(opening)
        return opened.get(access.stream) or self._hub.streams[access.stream]

    def _begin_opening(self, accesses: Sequence[Access]) -> None:
        opening = asyncio.ensure_future(self._follow(accesses))
        self._opening.update({access.stream: opening for access in accesses})

        def forget(_: object) -> None:
            for access in accesses:
                self._opening.pop(access.stream, None)

        opening.add_done_callback(forget)

    async def _follow(self, accesses: Sequence[Access]) -> dict[int, Stream]:
        await self._listen([stream_group(access.stream) for access in accesses])
        opened = {a.stream: Stream(a.stream, position=a.head, recent_most=RECENT_CHANGES) for a in accesses}
        self._hub.streams.update(opened)
        # What was announced between the reading of the accesses and the subscription is in the rows.
        await self._gaps.repair_behind(await self._threads.read(self._source.heads, list(opened)))
        return opened


def _count(state: SyncState, *, held: int) -> None:
    if state.resync:
        metrics.resyncs.inc()
    elif held:
        metrics.replay_changes.observe(state.head - held)


def _until_end_of(user: int, changes: Sequence[Change]) -> Sequence[Change]:
    for position, change in enumerate(changes):
        if change.ends == user:
            return changes[:position]
    return changes
