"""Delivered and read cursors on their way to the rows: merged in memory, written in one batch at most once a second.

Losing them is harmless: a client's next acknowledgement says more.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from delivery.tasks import Nursery

logger = logging.getLogger("gapless.cursors")

#: What all members say of one message comes within it, and is one statement and one frame.
GATHER_SECONDS = 0.05

#: (channel, user) → (delivered, read)
Cursors = Mapping[tuple[int, int], tuple[int, int]]


class CursorBuffer:
    def __init__(self, write: Callable[[Cursors], Awaitable[None]], nursery: Nursery, *, seconds: float) -> None:
        self._nursery = nursery
        self._write = write
        self._seconds = seconds
        self._moved: dict[tuple[int, int], tuple[int, int]] = {}
        self._written: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def move(self, channel_id: int, user_id: int, *, delivered: int, read: int) -> "asyncio.Future[None]":
        """Forward only; what is read is delivered. The future is done when the move stands in the rows."""
        old_delivered, old_read = self._moved.get((channel_id, user_id), (0, 0))
        read = max(read, old_read)
        self._moved[channel_id, user_id] = (max(delivered, old_delivered, read), read)
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = self._nursery.start(self._flush_until_empty())
        return self._written

    async def flushed(self) -> None:
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _flush_until_empty(self) -> None:
        try:
            await asyncio.sleep(GATHER_SECONDS)
            while self._moved:
                moved, self._moved = self._moved, {}
                written, self._written = self._written, None
                await self._flush(moved, written)
                await asyncio.sleep(self._seconds)
        finally:
            self._task = None

    async def _flush(self, moved: Cursors, written: asyncio.Future[None] | None) -> None:
        try:
            await self._write(moved)
        except Exception as error:
            logger.warning("cursors were not written, the next acknowledgements will move them: %r", error)
            if written is not None and not written.done():
                written.set_exception(error)
                written.exception()
        else:
            if written is not None and not written.done():
                written.set_result(None)
