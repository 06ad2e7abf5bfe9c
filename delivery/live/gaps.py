"""Gaps between what this process has written and the rows: noticed, waited for a moment, and repaired from PostgreSQL."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from delivery import metrics
from delivery.bus.announcements import Changed
from delivery.live.channel import LiveChannel
from delivery.source import Missed, Source
from delivery.tasks import Nursery
from delivery.threads import DatabaseThreads
from delivery.wire.types import CloseCode

logger = logging.getLogger("gapless.gaps")

#: How long an announcement waits for the one before it; then the rows are read. Redis takes about 1 ms.
PATIENCE_SECONDS = 0.03
#: Rows never reach announcements of another database: after so many tries these are dropped.
MOST_HEALINGS = 5
#: How many batches of rows one query of a repair reads.
BATCHES_A_QUERY = 4


class Gaps:
    """Repairs gaps. `apply` gets the changes that were read, as an announcement."""

    def __init__(
        self,
        channels: dict[int, LiveChannel],
        source: Source,
        threads: DatabaseThreads,
        *,
        nursery: Nursery,
        apply: Callable[[Changed], None],
        batch: int,
    ) -> None:
        self._channels = channels
        self._source = source
        self._threads = threads
        self._apply = apply
        self._nursery = nursery
        self._most = batch * BATCHES_A_QUERY
        self._repairing: dict[int, asyncio.Task[None]] = {}

    def heal_soon(self, channel: LiveChannel) -> None:
        """Waits a moment for the missing announcement; then reads the rows."""
        if not channel.is_healing:
            channel.is_healing = True
            self._nursery.leave(self._heal(channel))

    async def repair_behind(self, heads: Mapping[int, int]) -> None:
        """Repairs each channel whose head in the rows is above this process's position."""
        for channel_id, head in heads.items():
            channel = self._channels.get(channel_id)
            if channel is not None and channel.position < head:
                await self.repair(channel)

    def drop_ahead(self, positions: Mapping[int, int], heads: Mapping[int, int]) -> None:
        """For channels whose position is above the rows: the database lost its newest changes. All their sockets sync anew."""
        for channel_id, position in positions.items():
            channel = self._channels.get(channel_id)
            if channel is not None and heads.get(channel_id, 0) < position:
                # One that was erased, as what a probe has made is, has no rows and nobody who hears it.
                level = logging.ERROR if channel.sockets else logging.DEBUG
                logger.log(
                    level, "channel %d was at %d, but its rows end at %s", channel_id, position, heads.get(channel_id)
                )
                del self._channels[channel_id]
                channel.wake()
                for socket in list(channel.sockets):
                    socket.close(CloseCode.INTERNAL, "the channel's log went back", retry_after=1)

    async def repair(self, channel: LiveChannel) -> None:
        """Reads the rows above the channel's position, once for all callers meanwhile. Raises errors of the database."""
        running = self._repairing.get(channel.id)
        if running is None:
            running = self._repairing[channel.id] = self._nursery.start(self._read_rows(channel))
            running.add_done_callback(lambda _: self._repairing.pop(channel.id, None))
        await asyncio.shield(running)

    async def _heal(self, channel: LiveChannel) -> None:
        try:
            for _ in range(MOST_HEALINGS):
                await asyncio.sleep(PATIENCE_SECONDS)
                if not channel.has_gap:
                    return
                await self.repair(channel)
            channel.ahead.clear()
        finally:
            channel.is_healing = False

    async def _read_rows(self, channel: LiveChannel) -> None:
        while True:
            after = channel.position
            missed: Missed = await self._threads.read(self._source.changes_since, channel.id, after, limit=self._most)
            is_last = len(missed.changes) < self._most
            head = missed.head if is_last else missed.changes[-1].rev
            if head > channel.position:
                metrics.gaps_repaired.inc()
                self._apply(Changed(channel_id=channel.id, after=after, head=head, changes=missed.changes))
            if is_last:
                return
