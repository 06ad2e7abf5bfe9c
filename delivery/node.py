"""One web process: its hub, queue, cursors and bus, put together, and the watch that it keeps over them."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence

from channels.layers import get_channel_layer
from django.conf import settings

from delivery import metrics
from delivery.async_sql.connections import LoopConnections
from delivery.async_sql.reads import Reads
from delivery.bus import announcing
from delivery.bus.announcements import (
    EVERYBODY,
    About,
    Announcement,
    Changed,
    EpochBegan,
    Moved,
    Opened,
    Passing,
    Probed,
    Renewed,
    SignedOut,
    Spread,
    Surplus,
    channel_group,
)
from delivery.bus.layer import Bus
from delivery.commit.committer import Committer
from delivery.commit.cursors import CursorBuffer, Cursors
from delivery.commit.queue import Queue
from delivery.limits import NodeLimits
from delivery.live.accesses import Accesses
from delivery.live.catching_up import CatchingUp
from delivery.live.channel_counts import CountedChannels
from delivery.live.draining import close_all, hand_over, send_away
from delivery.live.epochs import Epochs
from delivery.live.gaps import Gaps
from delivery.live.gauges import keep_reading
from delivery.live.hub import Hub
from delivery.live.logins import LoginWatch
from delivery.live.openings import Openings
from delivery.live.periodic_checks import Heartbeats, keep_checking, keep_seats, keep_shedding
from delivery.live.seat_store import Seats
from delivery.live.seating import Seating
from delivery.live.socket import Socket
from delivery.live.waits import Waits
from delivery.source import Opening, Source
from delivery.tasks import Nursery
from delivery.threads import DatabaseThreads, KeepingThreads

logger = logging.getLogger("gapless.node")

_deliver_seconds = metrics.deliver_seconds.labels("own")


class Node:
    """`source`: the product's rows. reads_keep: whether the threads for reads keep their connections too."""

    def __init__(self, source: Source, limits: NodeLimits, *, database_threads: int, reads_keep: bool = True) -> None:
        self.source = source
        self.limits = limits
        self.is_draining = False
        # Reads may take long, and commits wait for locks: neither takes all of the threads.
        committing = max(1, database_threads // 2)
        of_commits = _loop_connections_of(committing)
        self.committing = KeepingThreads(committing - of_commits)
        reading = max(1, database_threads - committing)
        of_reads = _loop_connections_of(reading) if reads_keep else 0
        self.threads = DatabaseThreads(reading - of_reads, keeps=reads_keep)
        self.nursery = Nursery()
        self.commit_connections = LoopConnections(of_commits, self.committing, self.nursery)
        self.read_connections = LoopConnections(of_reads, self.threads, self.nursery)
        self.reads = Reads(self.read_connections, source, self.threads)
        self.counted = CountedChannels()
        self.openings = Openings(limits.openings)
        self._loop = asyncio.get_running_loop()
        self.bus = Bus(get_channel_layer(), self._hear, self.nursery)
        self._be_followed(source, limits)
        self._be_written_to(source, limits)

    def _be_followed(self, source: Source, limits: NodeLimits) -> None:
        self.hub = Hub(batch=limits.batch, on_gap=lambda channel: self.gaps.heal_soon(channel), on_begin=self._began)
        self.gaps = Gaps(
            self.hub.channels, source, self.threads, nursery=self.nursery, apply=self.hub.apply, batch=limits.batch
        )
        self.catching_up = CatchingUp(
            self.hub, self.gaps, source, self.threads, self.bus.listen, self.nursery, batch=limits.batch
        )
        self.waits = Waits(self.catching_up, most=limits.waits_per_user)
        self.seats = Seats(
            settings.REDIS_URL,
            process=secrets.token_hex(8),
            per_user=limits.sockets_per_user,
            spare=limits.spare_sockets,
        )
        self.seating = Seating(self.hub, self.seats, lambda said: self._announce_here([said], time.perf_counter()))
        self.accesses = Accesses(self.hub, self.catching_up, self.seating, source, self.threads)
        self.epochs = Epochs(source, self.threads, settings.REDIS_URL)
        self.logins = LoginWatch(self.hub, source, self.threads, self.nursery, seconds=limits.login_check_seconds)

    def _be_written_to(self, source: Source, limits: NodeLimits) -> None:
        self.committer = Committer(source, self.committing, self.commit_connections, seconds=limits.commit_seconds)
        self.queue = Queue(
            self.committer.commit, self.nursery, waiting=limits.lane_waiting, batch=limits.batch, counted=self.counted
        )
        self.cursors = CursorBuffer(self._write_cursors, self.nursery, seconds=limits.receipts_seconds)

    async def start(self) -> None:
        await self.bus.start()
        await self.bus.listen([EVERYBODY])
        self.nursery.keep(Heartbeats(self.hub, self.epochs, self.limits).keep)
        self.nursery.keep(keep_checking, self.bus, self.limits, self.check_positions)
        self.nursery.keep(keep_seats, self.seating, self.accesses)
        self.nursery.keep(keep_shedding, self.hub, most_bytes=self.limits.outbox_total_bytes)
        self.nursery.keep(keep_reading, self.hub, self.queue, self.bus)
        self.nursery.keep(self.logins.keep)

    async def stop(self) -> None:
        await self.nursery.end()
        await self.bus.stop()
        await self.seats.close()
        await self.epochs.close()
        self.close_threads()

    def close_threads(self) -> None:
        self.commit_connections.close()
        self.read_connections.close()
        self.committing.close()
        self.threads.close()

    # ---- announcements ----

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """From any thread: announces to the sockets of this process at once, then to all other processes."""
        is_loop = asyncio._get_running_loop() is self._loop
        call = self._loop.call_soon if is_loop else self._loop.call_soon_threadsafe
        call(self._announce_here, announcements, time.perf_counter())

    def _announce_here(self, announcements: Sequence[Announcement], announced_at: float) -> None:
        for announcement in announcements:
            self.receive(announcement)
            if isinstance(announcement, Changed):
                _deliver_seconds.observe(time.perf_counter() - announced_at)
            self.bus.announce(announcement)

    def _hear(self, announcement: Announcement) -> None:
        if isinstance(announcement, Changed):
            self.queue.hear(announcement.channel_id)
        self.receive(announcement)

    def receive(self, announcement: Announcement) -> None:
        match announcement:
            case Changed():
                self.hub.apply(announcement)
            case Passing():
                self.hub.pass_on(announcement)
            case Moved():
                self.hub.tell_receipts(announcement)
            case Opened():
                self.nursery.leave(self.accesses.opened(announcement))
            case Spread():
                self.hub.spread(announcement)
            case SignedOut(user_id=user_id):
                self.logins.ended(user_id)
            case Surplus():
                self.seating.close_surplus(announcement)
            case Probed():
                self.nursery.leave(self.seating.probe(announcement))
            case EpochBegan(epoch=epoch):
                if epoch != self.epochs.current:
                    self.nursery.leave(self.check_epoch())
            case About() | Renewed():
                # The product's own, see its `receive`.
                pass

    def _began(self, user_id: int, channel_id: int) -> None:
        self.receive(Opened(user_id=user_id, channel_id=channel_id, action="joined"))

    async def _write_cursors(self, cursors: Cursors) -> None:
        await self.threads.run(self.source.move_cursors, cursors)

    # ---- what was announced but not heard ----

    async def check_positions(self) -> None:
        """The position check: reads in the rows what lost announcements told.

        That is another epoch, changes, removed rows, and memberships that began or ended.
        """
        await self.check_epoch()
        await self._stop_hearing(self.hub.forget_idle(time.monotonic()))
        positions = {channel.id: channel.position for channel in self.hub.channels.values()}
        if positions:
            found = await self.threads.read(self.source.heads_and_floors, list(positions))
            self.hub.forget_removed({channel_id: floor for channel_id, (_, floor) in found.items()})
            heads = {channel_id: head for channel_id, (head, _) in found.items()}
            self.gaps.drop_ahead(positions, heads)
            await self.gaps.repair_behind(heads)
        await self.accesses.compare_memberships()
        self.accesses.close_strays()

    async def check_epoch(self) -> None:
        """If the database was rewound, closes all sockets: clients reconnect and sync anew."""
        if await self.epochs.check():
            logger.error("epoch %s has begun: all sockets are closed, to come back", self.epochs.current)
            channels = dict(self.hub.channels)
            self.hub.channels.clear()
            for channel in channels.values():
                channel.wake()
            sockets = list(self.hub.sockets)
            close_all(sockets, "the database was restored: load your channels afresh", crowd=len(sockets))
            await self._stop_hearing(channels)

    async def _stop_hearing(self, channel_ids: Iterable[int]) -> None:
        unneeded = [channel_id for channel_id in channel_ids if not self.catching_up.needs(channel_id)]
        await self.bus.forget([channel_group(channel_id) for channel_id in unneeded])

    # ---- sockets ----

    def learning(self) -> Callable[[Socket, Opening], None]:
        """Call it before an opening is read. Returns an object that takes the reading and knows what has changed since."""
        since = self.accesses.opened_so_far

        def learn(socket: Socket, opening: Opening) -> None:
            socket.missed_openings |= self.accesses.has_opened(socket.user_id, since=since)

        return learn

    async def greet(self, socket: Socket, opening: Opening, learn: Callable[[Socket, Opening], None]) -> None:
        """Fills the socket's accesses and writes `hello`. Accesses that began or ended since the reading are noticed."""
        self.hub.add(socket)
        learn(socket, opening)
        self.logins.came(socket)
        socket.epoch = self.epochs.noted(opening.log_position)
        if socket.epoch != self.epochs.current:
            self.nursery.leave(self.check_epoch())
        refused = await self.seating.seat(socket, [access.channel_id for access in opening.accesses])
        # From here on without a pause: what ends is told only after `hello`.
        for access in opening.accesses:
            if access.channel_id in refused:
                self.seating.refuse(socket, access)
            else:
                socket.accesses[access.channel_id] = access

    async def part(self, socket: Socket) -> None:
        self.hub.remove(socket)
        self.nursery.leave(self.seating.unseat(socket))

    # ---- the end ----

    async def drain(self, *, is_replaced: bool) -> None:
        """Flushes lanes and cursors, so that no accepted message is lost, and closes all sockets in steps to reconnect elsewhere.

        `is_replaced`: another process serves at this address already; then sockets are closed a few at a time.
        """
        self.is_draining = True
        self.waits.end()
        sockets = list(self.hub.sockets)
        if is_replaced:
            await hand_over(sockets, "another process takes over", within=self.limits.drain_seconds / 3)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.queue.flushed(), self.limits.drain_seconds / 3)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.cursors.flushed(), 2)
        if not is_replaced:
            await send_away(sockets, "the server restarts")


def _loop_connections_of(connections: int) -> int:
    # Two threads at least: who waits for a lock in one keeps no other channel waiting.
    return min(connections // 2, max(0, connections - 2))


_running: Node | None = None


def running() -> Node | None:
    """The node of this process, if it serves sockets."""
    return _running


def set_running(node: Node | None) -> None:
    global _running
    _running = node
    announcing.set_announcer(node.announce if node is not None else None)
