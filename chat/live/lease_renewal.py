"""Agents' work at their sockets (typing, reading, looking) renews their leases: one statement a second in each process.

Losing a statement is harmless: agents who continue to work renew their leases again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from delivery.tasks import Nursery

logger = logging.getLogger("gapless.working")

#: Seconds between two statements.
PAUSE_SECONDS = 1.0


class LeaseRenewals:
    """Collects renewals for one event loop. `write` renews the leases of (channel id, user id) pairs in PostgreSQL."""

    def __init__(self, write: Callable[[Collection[tuple[int, int]]], Awaitable[None]], nursery: Nursery) -> None:
        self._write = write
        self._nursery = nursery
        self._done: set[tuple[int, int]] = set()
        self._task: asyncio.Task[None] | None = None

    def note_work(self, channel_id: int, user_id: int) -> None:
        """Notes that the agent works in the conversation now: within a second their lease is renewed."""
        self._done.add((channel_id, user_id))
        if self._task is None:
            self._task = self._nursery.start(self._write_until_empty())

    async def _write_until_empty(self) -> None:
        try:
            while self._done:
                done, self._done = self._done, set()
                try:
                    await self._write(done)
                except Exception as error:
                    logger.warning("leases were not kept, the next work will keep them: %r", error)
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._task = None
