"""Database work off the event loop: whole transactions in threads of our own, and reads that are asked for again.

Channels' database_sync_to_async shares one thread a process (channels#2132), so nothing here goes through it.
"""

import asyncio
import random
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from delivery import metrics
from delivery.away import is_away
from delivery.keeping import KeepingThreads

P = ParamSpec("P")
T = TypeVar("T")

#: How often, and within what time, a read is asked for: a restart or a failover of PostgreSQL cuts what is under way.
READ_ATTEMPTS = 4
READ_SECONDS = 1.0
#: The first wait, and the longest; each is up to so much longer by chance, so that not all come again at once.
WAIT_SECONDS = 0.05
MOST_WAIT_SECONDS = 0.4
JITTER_SECONDS = 0.1


class DatabaseThreads:
    """The one layer in which something is tried again: reads, when PostgreSQL was not there."""

    def __init__(self, count: int, *, keeps: bool = True) -> None:
        self.count = count
        self._threads = KeepingThreads(count, keeps=keeps)

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result. A cancelled wait does not stop the function: its outcome is then unknown."""
        return await self._threads.run(function, *args, **kwargs)

    async def read(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for what may be repeated as it is. Raises what the last attempt raised."""
        try:
            return await self.run(function, *args, **kwargs)
        except Exception as error:
            if not is_away(error):
                raise
        return await self._read_again(function, *args, **kwargs)

    def close(self) -> None:
        self._threads.close()

    async def _read_again(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        # Apart: what makes the attempts costs more than most reads, and hardly any read needs a second one.
        metrics.reads_repeated.inc()
        await asyncio.sleep(WAIT_SECONDS + random.random() * JITTER_SECONDS)
        async for attempt in stamina.retry_context(
            on=is_away,
            attempts=READ_ATTEMPTS - 1,
            timeout=READ_SECONDS,
            wait_initial=2 * WAIT_SECONDS,
            wait_max=MOST_WAIT_SECONDS,
            wait_jitter=JITTER_SECONDS,
        ):
            with attempt:
                return await self.run(function, *args, **kwargs)
        raise AssertionError("the last attempt returns or raises")


def _count(details: RetryDetails) -> None:
    metrics.reads_repeated.inc()


# Instead of stamina's own, whose labels name functions.
set_on_retry_hooks([_count])
