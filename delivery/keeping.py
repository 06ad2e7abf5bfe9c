"""A few threads that keep their connections to PostgreSQL, for what somebody waits for: nothing is asked before the work.

A connection that PostgreSQL has ended can be read from, which costs no round trip to see; one that fails is given back.
"""

import asyncio
import contextlib
import queue
import select
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django.db import connection, connections

P = ParamSpec("P")
T = TypeVar("T")

#: A connection that nobody has used for so long goes back to the pool.
IDLE_SECONDS = 30

#: What is to be done; None ends a thread.
Work = Callable[[], None] | None


class KeepingThreads:
    """At most `count`, started when all that there are have something to do.

    keeps: else a connection goes back to the pool after each work, for a pool so small that others would get none.
    """

    def __init__(self, count: int, *, keeps: bool = True) -> None:
        self._count = count
        self._keeps = keeps
        self._waiting: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._under_way = 0

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result. A cancelled wait does not stop the function: its outcome is then unknown."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            settle = _settling(outcome, lambda: function(*args, **kwargs))
            # The loop may have ended meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._settle, settle)

        self._under_way += 1
        self._waiting.put(work)
        if self._under_way > len(self._threads) < self._count:
            self._threads.append(threading.Thread(target=self._keep_working, name="gapless-database", daemon=True))
            self._threads[-1].start()
        return await outcome

    def close(self) -> None:
        """What was asked for before is still done."""
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
                    connections.close_all()
        finally:
            connections.close_all()

    def _next(self) -> Work:
        try:
            return self._waiting.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            connections.close_all()
            return self._waiting.get()


def _settling(outcome: "asyncio.Future[T]", function: Callable[[], T]) -> Callable[[], None]:
    """Calls the function here, and returns what tells its result there."""
    try:
        result = function()
    except BaseException as error:
        # Broken or not: the pool looks at what it is given back.
        connections.close_all()
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
    connections.close_all()
