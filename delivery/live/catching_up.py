"""Catching up (sync): replays missed changes to a socket, then lets it follow the channel live, without a gap or a double."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

from delivery.bus.announcements import Change, channel_group
from delivery.live.batches import batched
from delivery.live.channel import RECENT_CHANGES, LiveChannel, until_end_of
from delivery.live.gaps import Gaps
from delivery.live.hub import Hub
from delivery.live.replays import count_replayed
from delivery.live.socket import Socket
from delivery.live.turns import Turns
from delivery.source import Access, Missed, Source
from delivery.tasks import Nursery
from delivery.threads import DatabaseThreads
from delivery.wire.frames import SyncState

#: How long a replay waits for the client to read earlier frames; seconds.
REPLAY_STALL_SECONDS = 10
#: Batches of a replay that one statement reads: a statement costs as much as reading a batch.
BATCHES_AT_ONCE = 4
#: Channels that begin together in this process, with one statement for all their heads.
OPENED_AT_ONCE = 1000
#: Channels whose missed rows are read with one statement: a batch of each is kept in memory.
CHANNELS_AT_ONCE = 100


class PositionsApart(Exception):
    """The rows have lower numbers than before: another database answers, or one that has lost its newest changes."""


class CatchingUp:
    """Begins channels in this process, and syncs sockets to them. `listen` subscribes to the announcements of groups."""

    def __init__(
        self,
        hub: Hub,
        gaps: Gaps,
        source: Source,
        threads: DatabaseThreads,
        listen: Callable[[Sequence[str]], Awaitable[None]],
        nursery: Nursery,
        *,
        batch: int,
    ) -> None:
        self._hub = hub
        self._gaps = gaps
        self._source = source
        self._threads = threads
        self._turns = Turns(threads)
        self._listen = listen
        self._nursery = nursery
        self._batch = batch
        self._opening: dict[int, asyncio.Task[dict[int, LiveChannel]]] = {}

    async def sync(
        self, socket: Socket, asked: Mapping[int, int], *, is_comparable: bool = True, is_last: bool = True
    ) -> dict[int, SyncState]:
        """Replays the changes after the held numbers, then follows live, without a gap or a double.

        A held 0 means "from now on"; so does, at the first sync, a channel that is left out. Channels without access are
        left out of the answer. When it fails in the middle, the socket may follow less than before: to be repeated.
        is_comparable: the numbers are of this epoch; else all is to be loaded afresh. is_last: nothing of the first sync is to
        come; what was left out of all of it begins.
        """
        async with socket.lock:
            held = dict(asked) if socket.is_synced or not is_last else {**self._left_out(socket), **asked}
            async with self._all_pinned(socket, held) as channels:
                if is_comparable:
                    replayable = await self._replayable(socket, channels, held)
                else:
                    replayable = dict.fromkeys(channels, False)
                states = await self._catch_up_all(socket, channels, held, replayable)
            if is_last:
                socket.is_synced = True
                socket.told.clear()
            return states

    async def follow(self, socket: Socket, access: Access, *, held: int) -> None:
        """Lets a synced socket follow one more channel, from a number up to the one at which its access was read."""
        async with self.pinned(access) as channel:
            await self._catch_up(socket, channel, held)

    @contextlib.asynccontextmanager
    async def pinned(self, access: Access) -> AsyncIterator[LiveChannel]:
        """Within the block this process follows the channel, at least from the access' number on."""
        channel = await self._opened(access)
        channel.pins += 1
        try:
            yield channel
        finally:
            channel.pins -= 1

    @contextlib.asynccontextmanager
    async def _all_pinned(self, socket: Socket, channel_ids: Iterable[int]) -> AsyncIterator[dict[int, LiveChannel]]:
        """The channels that the socket may follow; no live change is written to it until each has caught up."""
        accesses = [access for channel_id in channel_ids if (access := socket.accesses.get(channel_id)) is not None]
        channels: dict[int, LiveChannel] = {}
        try:
            for some in batched(accesses, OPENED_AT_ONCE):
                self._begin_those_missing(some)
                for access in some:
                    channel = channels[access.channel_id] = self._followed(access) or await self._opened(access)
                    channel.pins += 1
                    channel.sockets.pop(socket, None)
            yield channels
        finally:
            for channel in channels.values():
                channel.pins -= 1

    def needs(self, channel_id: int) -> bool:
        """Whether this process still needs the channel's announcements."""
        return channel_id in self._hub.channels or channel_id in self._opening

    def _left_out(self, socket: Socket) -> dict[int, int]:
        channels = ((channel_id, self._hub.channels.get(channel_id)) for channel_id in socket.accesses)
        return {
            channel_id: socket.told.get(channel_id, 0)
            for channel_id, channel in channels
            if channel is None or socket not in channel.sockets
        }

    async def _catch_up_all(
        self,
        socket: Socket,
        channels: Mapping[int, LiveChannel],
        held: Mapping[int, int],
        replayable: Mapping[int, bool],
    ) -> dict[int, SyncState]:
        states: dict[int, SyncState] = {}
        for some in batched(channels.values(), CHANNELS_AT_ONCE):
            behind = {s.id: held[s.id] for s in some if replayable[s.id] and 0 < held[s.id] < s.floor}
            ahead = (
                await self._turns.read(socket.user_id, self._source.changes_of, behind, limit=self._batch)
                if behind
                else {}
            )
            for channel in some:
                can_replay = replayable[channel.id]
                since = held[channel.id] if can_replay else None
                if self._is_settled(socket, channel) and (not since or channel.can_continue(since)):
                    # Nearly always: without a pause, and without what a pause costs.
                    state = self._begin(socket, channel, since, resync=False)
                else:
                    state = await self._catch_up(socket, channel, since, ahead=ahead.get(channel.id))
                if state is not None:
                    states[channel.id] = state if can_replay else SyncState(state.head, resync=True)
            # Thousands of channels are not caught up in one breath of the loop.
            await asyncio.sleep(0)
        count_replayed(states, held=held)
        return states

    async def _replayable(
        self, socket: Socket, channels: Mapping[int, LiveChannel], held: Mapping[int, int]
    ) -> dict[int, bool]:
        answer: dict[int, bool] = {}
        ask: dict[int, int] = {}
        for channel_id, channel in channels.items():
            rev, access = held[channel_id], socket.accesses.get(channel_id)
            answer[channel_id] = rev == 0 or (access is not None and rev >= access.since)
            if rev and answer[channel_id] and rev < channel.floor:
                ask[channel_id] = rev
        if ask:
            answer.update(await self._turns.read(socket.user_id, self._source.can_replay, ask))
        return answer

    async def _catch_up(
        self, socket: Socket, channel: LiveChannel, held: int | None, *, ahead: Missed | None = None
    ) -> SyncState | None:
        # None: without a replay, from now on. `ahead`: rows after `held`, read for many channels together.
        if not await self._is_reached(socket, channel):
            return None
        resync = False
        if held:
            held, resync = await self._replay(socket, channel, held, ahead=ahead)
        return self._begin(socket, channel, held, resync=resync)

    def _begin(self, socket: Socket, channel: LiveChannel, held: int | None, *, resync: bool) -> SyncState | None:
        # From the last await on nothing can slip in before the socket follows.
        if channel.id not in socket.accesses or socket.is_over or self._hub.channels.get(channel.id) is not channel:
            return None
        if held and not resync and held < channel.position:
            self._hub.write_changes([socket], channel, channel.since(held), after=held, head=channel.position)
        channel.sockets[socket] = None
        channel.emptied_at = None
        return SyncState(channel.position, resync=resync)

    def _is_settled(self, socket: Socket, channel: LiveChannel) -> bool:
        access, end = socket.accesses.get(channel.id), channel.ends.get(socket.user_id, 0)
        return access is not None and max(channel.started_at, end) <= access.head <= channel.position

    async def _is_reached(self, socket: Socket, channel: LiveChannel) -> bool:
        """Brings channel and access to the same number: below it lies what is not for this socket, above it what is.

        False when the socket has no access (any more).
        """
        while (access := socket.accesses.get(channel.id)) is not None:
            if access.head < channel.started_at:
                # This process began to follow above it: the access may have ended in between, unseen.
                renewed = await self._threads.read(self._source.access, socket.user_id, channel.id)
                if channel.id not in socket.accesses:
                    return False
                if renewed is None:
                    self._hub.end_access(socket, channel.id)
                    return False
                socket.accesses[channel.id] = renewed
            elif access.head > channel.position:
                await self._gaps.repair(channel)
                if access.head > channel.position:
                    raise PositionsApart(
                        f"channel {channel.id} is at {channel.position}, an access was read at {access.head}"
                    )
            elif channel.ends.get(socket.user_id, 0) > access.head:
                self._hub.end_access(socket, channel.id)
                return False
            else:
                return True
        return False

    async def _replay(
        self, socket: Socket, channel: LiveChannel, held: int, *, ahead: Missed | None = None
    ) -> tuple[int, bool]:
        """Writes rows until the rest is in memory; returns the number reached, and whether it was from the future."""
        while not channel.can_continue(held) and channel.id in socket.accesses and not socket.is_over:
            if held >= channel.floor:
                await self._gaps.repair(channel)
                if held > channel.position:
                    return held, True
                continue
            limit = self._batch
            if ahead is None:
                since, limit = self._source.changes_since, BATCHES_AT_ONCE * self._batch
                ahead = await self._turns.read(socket.user_id, since, channel.id, held, limit=limit)
            missed, ahead = ahead, None
            allowed = until_end_of(socket.user_id, missed.changes)
            if len(allowed) < len(missed.changes):
                self._hub.end_access(socket, channel.id)
                return held, False
            head = missed.head if len(missed.changes) < limit else missed.changes[-1].rev
            held = await self._write_replay(socket, channel, missed.changes, after=held, head=head)
        return held, False

    async def _write_replay(
        self, socket: Socket, channel: LiveChannel, changes: Sequence[Change], *, after: int, head: int
    ) -> int:
        # Up to `head`, a batch at a time; returns the number reached, which is less for who may not hear the rest any more.
        for batch in batched(changes, self._batch) if changes else [[]]:
            if channel.id not in socket.accesses or socket.is_over:
                break
            reached = head if not batch or batch[-1] is changes[-1] else batch[-1].rev
            self._hub.write_changes([socket], channel, batch, after=after, head=reached)
            after = reached
            await self._until_read(socket)
        return after

    async def _until_read(self, socket: Socket) -> None:
        # A replay goes as fast as the peer reads, so that a slow line is not taken for a stuck reader.
        deadline = time.monotonic() + REPLAY_STALL_SECONDS
        while socket.is_behind and not socket.is_over and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    def _begin_those_missing(self, accesses: Iterable[Access]) -> None:
        new = [a for a in accesses if a.channel_id not in self._hub.channels and a.channel_id not in self._opening]
        if new:
            self._begin_opening(new)

    def _followed(self, access: Access) -> LiveChannel | None:
        # Nearly always: without a pause.
        return None if access.channel_id in self._opening else self._hub.channels.get(access.channel_id)

    async def _opened(self, access: Access) -> LiveChannel:
        # What was followed a moment ago may have been forgotten while others were waited for.
        self._begin_those_missing([access])
        opening = self._opening.get(access.channel_id)
        opened = {} if opening is None else await asyncio.shield(opening)
        return opened.get(access.channel_id) or self._hub.channels[access.channel_id]

    def _begin_opening(self, accesses: Sequence[Access]) -> None:
        opening = self._nursery.start(self._follow(accesses))
        self._opening.update({access.channel_id: opening for access in accesses})

        def forget(_: object) -> None:
            for access in accesses:
                self._opening.pop(access.channel_id, None)

        opening.add_done_callback(forget)

    async def _follow(self, accesses: Sequence[Access]) -> dict[int, LiveChannel]:
        await self._listen([channel_group(access.channel_id) for access in accesses])
        opened = {
            a.channel_id: LiveChannel(a.channel_id, position=a.head, recent_most=RECENT_CHANGES) for a in accesses
        }
        self._hub.channels.update(opened)
        # What was announced between the reading of the accesses and the subscription is in the rows.
        await self._gaps.repair_behind(await self._threads.read(self._source.heads, list(opened)))
        return opened
