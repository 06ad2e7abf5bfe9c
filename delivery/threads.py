"""Database work off the event loop: whole transactions in threads that keep their connections, and reads that are asked for again.

Channels' database_sync_to_async shares one thread a process (channels#2132), so nothing here goes through it. A connection that
PostgreSQL has ended can be read from, which costs no round trip to see; one that fails is given back.
"""

import asyncio
import contextlib
import logging
import queue
import random
import select
import threading
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import stamina
from django.db import connection, connections
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from delivery import metrics
from delivery.async_sql.patience import patient_once
from delivery.service_errors import is_cut_off

logger = logging.getLogger("gapless.threads")

P = ParamSpec("P")
T = TypeVar("T")

#: How often a read is tried, and within how many seconds: a restart or failover of PostgreSQL cuts reads under way.
READ_ATTEMPTS = 4
READ_SECONDS = 1.0
#: The first wait and the longest, in seconds; jitter is added to each, so that not all reads are repeated at once.
WAIT_SECONDS = 0.05
MOST_WAIT_SECONDS = 0.4
JITTER_SECONDS = 0.1

#: A connection that was unused for so many seconds goes back to the pool.
IDLE_SECONDS = 30

#: The work of a thread; None ends the thread.
Work = Callable[[], None] | None


class KeepingThreads:
    """At most `count` threads that keep their database connections; a thread is started when all others are busy.

    keeps: if False, a connection goes back to the pool after each piece of work, for small pools.
    """

    def __init__(self, count: int, *, keeps: bool = True) -> None:
        self._count = count
        self._keeps = keeps
        self._waiting: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._under_way = 0

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs the function in a thread and returns its result. A cancelled wait does not stop it: then the outcome is unknown."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        came_at = time.monotonic()

        def work() -> None:
            settle = _settling(outcome, lambda: function(*args, **kwargs), came_at)
            # The loop may have ended meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._settle, settle)

        self._under_way += 1
        self._waiting.put(work)
        if self._under_way > len(self._threads) < self._count:
            thread = threading.Thread(target=self._keep_working, name="gapless-database", daemon=True)
            thread.start()
            self._threads.append(thread)
        return await outcome

    def close(self) -> None:
        """Ends the threads after all earlier work is done."""
        for _ in self._threads:
            self._waiting.put(None)

    def _settle(self, settle: Callable[[], None]) -> None:
        self._under_way -= 1
        settle()

    def _keep_working(self) -> None:
        try:
            while (work := self._next()) is not None:
                _drop_if_ended()
                work()
                if not self._keeps:
                    _let_go()
        finally:
            _let_go()

    def _next(self) -> Work:
        try:
            return self._waiting.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            _let_go()
            return self._waiting.get()


class DatabaseThreads:
    """Threads for transactions, and for reads, which are repeated when they are cut off. No other layer repeats anything."""

    def __init__(self, count: int, *, keeps: bool = True) -> None:
        self.count = count
        self._threads = KeepingThreads(count, keeps=keeps)

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs the function in a thread and returns its result. A cancelled wait does not stop it: then the outcome is unknown."""
        return await self._threads.run(function, *args, **kwargs)

    async def read(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a repeatable read in a thread and returns its result. Raises the error of the last attempt.

        A read that was cut off is tried again; one that has waited in vain is not: it would wait as long again.
        """
        try:
            return await self.run(function, *args, **kwargs)
        except Exception as error:
            if not is_cut_off(error):
                raise
        return await self._read_again(function, *args, **kwargs)

    def close(self) -> None:
        self._threads.close()

    async def _read_again(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        # Apart: what makes the attempts costs more than most reads, and hardly any read needs a second one.
        metrics.reads_repeated.inc()
        await asyncio.sleep(WAIT_SECONDS + random.random() * JITTER_SECONDS)
        async for attempt in stamina.retry_context(
            on=is_cut_off,
            attempts=READ_ATTEMPTS - 1,
            timeout=READ_SECONDS,
            wait_initial=2 * WAIT_SECONDS,
            wait_max=MOST_WAIT_SECONDS,
            wait_jitter=JITTER_SECONDS,
        ):
            with attempt:
                return await self.run(function, *args, **kwargs)
        raise AssertionError("the last attempt returns or raises")


def _settling(outcome: "asyncio.Future[T]", function: Callable[[], T], came_at: float) -> Callable[[], None]:
    """Calls the function here, and returns what tells its result there."""
    try:
        with patient_once(came_at):
            result = function()
    except BaseException as error:
        # Broken or not: the pool looks at what it is given back.
        _let_go()
        told: tuple[Callable[[Any], None], Any] = outcome.set_exception, error
    else:
        told = outcome.set_result, result
    tell, what = told
    return lambda: None if outcome.done() else tell(what)


def _drop_if_ended() -> None:
    kept: Any = connection.connection
    if kept is None:
        return
    poll = select.poll()
    with contextlib.suppress(Exception):
        poll.register(kept.fileno(), select.POLLIN)
        if not poll.poll(0):
            return
    _let_go()


def _let_go() -> None:
    # An error here would end the thread, and callers that wait for its work would wait for ever.
    try:
        connections.close_all()
    except Exception as error:
        logger.warning("a connection was not given back as it should be: %r", error)


def _count(details: RetryDetails) -> None:
    metrics.reads_repeated.inc()


# Instead of stamina's own, whose labels name functions.
set_on_retry_hooks([_count])
