"""The clockwork of one web process: it looks for due work every second, at another moment than other processes.

Each piece of work is one transaction that checks again under its lock: a killed process costs a second, and two processes that find
the same work do it once.
"""

import asyncio
import functools
import logging
import random
import time
from collections.abc import Callable, Sequence

from chat import prepared_sql
from chat.live.node import ChatNode
from chat.support.clockwork.jobs import Job, jobs_of
from chat.support.models import Inbox
from chat.support.reads.waiting import who_waits
from delivery.async_sql.reads import Reads
from delivery.service_errors import is_database_away, service_away
from delivery.source import Asked
from delivery.tasks import beat
from delivery.threads import DatabaseThreads

logger = logging.getLogger("gapless.clockwork")

#: Seconds between two turns.
TURN_SECONDS = 1.0
#: The same while PostgreSQL is away, after many failures; a random part of up to half is subtracted.
AWAY_PAUSE_SECONDS = 5.0


class Inboxes:
    """Whether there is any, asked once for all clockworks of this process: all that is asked where there are no customers."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._asked_at = float("-inf")
        self._are_there = False
        self._asking = asyncio.Lock()

    async def are_there(self) -> bool:
        async with self._asking:
            if time.monotonic() - self._asked_at > TURN_SECONDS / 2:
                self._are_there = await self._reads.read(prepared_sql.exists, _any_inbox())
                self._asked_at = time.monotonic()
        return self._are_there


class Clockwork:
    """Runs its jobs one by one. Belongs to one event loop; ends with the nursery of its node."""

    def __init__(
        self, jobs: Sequence[Job], inboxes: Inboxes, threads: DatabaseThreads, *, is_ending: Callable[[], bool]
    ) -> None:
        self._jobs = jobs
        self._inboxes = inboxes
        self._threads = threads
        self._is_ending = is_ending
        self._failures = 0
        #: For each job, when it is due again, by the monotonic clock.
        self._due = dict.fromkeys((job.name for job in jobs), 0.0)

    async def live(self) -> None:
        """Runs until the process drains. Without an inbox it looks for nothing."""
        while not self._is_ending():
            await (beat(TURN_SECONDS) if not self._failures else asyncio.sleep(self._away_pause()))
            try:
                if await self._inboxes.are_there():
                    await self._threads.run(self._turn)
            except Exception as error:
                self._failures += 1
                logger.warning("the clockwork waits: %r", error, extra={"away": service_away(error)})
            else:
                self._failures = 0

    def _away_pause(self) -> float:
        return min(AWAY_PAUSE_SECONDS, 0.5 * 2.0**self._failures) * random.uniform(0.5, 1)

    def _turn(self) -> None:
        for job in self._jobs:
            now = time.monotonic()
            if now >= self._due[job.name] and not self._is_ending():
                self._due[job.name] = now + job.every_seconds
                _do(job)


def _do(job: Job) -> None:
    try:
        job.do()
    except Exception as error:
        if is_database_away(error):
            raise
        # A failing job does not stop the others.
        logger.exception("the clockwork could not do its job: %s", job.name)


@functools.cache
def _any_inbox() -> Asked:
    return prepared_sql.exists_sql(Inbox.objects.all())


_wound: ChatNode | None = None


def start_clockwork(node: ChatNode) -> None:
    """Starts the clockwork of this process beside its node. Repeating does nothing."""
    global _wound
    if _wound is not node:
        _wound = node
        node.minutes.waiting = who_waits
        inboxes = Inboxes(node.reads)
        for jobs in jobs_of(node):
            node.nursery.keep(Clockwork(jobs, inboxes, node.threads, is_ending=lambda: node.is_draining).live)
