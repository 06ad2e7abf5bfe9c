"""Stores the counts of this process for the present minute every few seconds, for the staff's page of the operation."""

import asyncio
import datetime
import logging
import os
import socket
from collections.abc import Callable

import msgspec

from chat import clock
from chat.live.process_counts import ProcessCounts
from chat.reads.counted import Counted
from chat.services.minutes import keep_day, keep_minute
from delivery.service_errors import service_away
from delivery.tasks import until_beat
from delivery.threads import DatabaseThreads

logger = logging.getLogger("gapless.minutes")

#: Seconds between two notes, at whole multiples, so that the last note of a minute is at its end. A killed process loses so much.
NOTE_SECONDS = 10
LOOK_SECONDS = 1.0
#: Seconds between two counts of the day.
DAY_MINUTES = 10


class MinuteNotes:
    """Belongs to one event loop. `waiting` returns the waiting customers and the longest wait in seconds; it runs in a thread."""

    def __init__(self, threads: DatabaseThreads) -> None:
        self.counting = ProcessCounts()
        self.waiting: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self._threads = threads
        self._process = f"{socket.gethostname()[:60]} {os.getpid()}"
        self._at = _minute(clock.now())

    async def live(self) -> None:
        """Runs for ever."""
        while True:
            due = clock.now().timestamp() // NOTE_SECONDS * NOTE_SECONDS + NOTE_SECONDS
            while (left := due - clock.now().timestamp()) > 0:
                await asyncio.sleep(min(left, until_beat(LOOK_SECONDS)))
                self.counting.look()
            try:
                await self.note()
            except Exception as error:
                logger.warning("what was counted is not kept: %r", error, extra={"away": service_away(error)})

    async def note(self) -> None:
        """Notes the counts of the present minute, or of the one that has just ended: then a new one begins."""
        at, counted, now = self._at, self.counting.taken(), _minute(clock.now())
        if now != at:
            self._at = now
            self.counting.begin_again()
        await self._threads.run(self._keep, counted, at)
        if now != at and now.minute % DAY_MINUTES == 0:
            await self._threads.run(keep_day, at.date(), now=now)

    def _keep(self, counted: Counted, at: datetime.datetime) -> None:
        desk_waiting, desk_seconds = self.waiting()
        with_desk = msgspec.structs.replace(counted, desk_waiting=desk_waiting, desk_seconds=desk_seconds)
        keep_minute(with_desk, at=at, process=self._process)


def _minute(moment: datetime.datetime) -> datetime.datetime:
    return moment.astimezone(datetime.UTC).replace(second=0, microsecond=0)
