"""The lane of one channel in this process, and whose turn it is where other processes post to the same channel.

Each commit holds the channel's lock, so processes take turns whatever they do. A batch that is taken while another process commits
only waits for the lock, and what comes meanwhile is a batch of its own: twice as many, each half as large. Each costs as much again
as 20 messages, and a write to every socket. So under load a process waits with its next batch until it hears what the other one
has committed, which is when the lock is free.
"""

import asyncio
import contextlib
import time
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

#: Messages of a batch from which on there is load. A message that comes alone waits only right after such a batch.
CROWD = 4
#: Another process is waited for so many times as long as our own last commit took: it commits about as much, and then is heard.
TIMES_OURS = 2
#: ...and no longer: it may have ended, or stand still.
MOST_TURN_SECONDS = 0.05


class Lane(Generic[T]):
    """`waiting`: in the order in which it came; `batch`: how much is taken at a time. Belongs to one event loop."""

    def __init__(self, batch: int) -> None:
        self.waiting: deque[T] = deque()
        self._batch = batch
        self._taken_at = 0.0
        self._was_crowd = False
        #: How often other processes were heard: until now, when the last batch was taken, and when the one before it was.
        self._heard = self._heard_at_last = self._heard_at_one_before = 0
        self._is_due = asyncio.Event()

    def add(self, one: T) -> None:
        self.waiting.append(one)
        if len(self.waiting) >= self._batch:
            self._is_due.set()

    def hear(self) -> None:
        """Another process has committed to this channel."""
        self._heard += 1
        self._is_due.set()

    def take(self) -> list[T]:
        """The next batch, to be committed now."""
        self._heard_at_one_before, self._heard_at_last = self._heard_at_last, self._heard
        self._taken_at = time.monotonic()
        taken = [self.waiting.popleft() for _ in range(min(self._batch, len(self.waiting)))]
        self._was_crowd = len(taken) >= CROWD
        return taken

    async def turn(self) -> None:
        """After a commit: returns when the next batch is to be taken. At once, unless others commit as well under load."""
        others_commit = self._heard > self._heard_at_one_before
        if not (others_commit and self._was_crowd) or len(self.waiting) >= self._batch:
            return
        self._is_due.clear()
        ours = time.monotonic() - self._taken_at
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(TIMES_OURS * ours, MOST_TURN_SECONDS)):
                await self._is_due.wait()
