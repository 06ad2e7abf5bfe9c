"""The pool of connections to PostgreSQL, and how long work waits: for a connection, and on it for an answer.

PostgreSQL, or a pooler before it, may be away, or may keep its connections open and say nothing. Then a piece of work waits once
(delivery/async_sql/patience.py), and what has waited behind it for its turn does not wait as long again.
"""

import math
import time
from typing import Any

import psycopg
from django.conf import settings
from psycopg_pool import ConnectionPool, PoolTimeout

from chatproject.run_lock import Released
from delivery.async_sql.patience import came_at, in_vain, is_bounded, require_patience

#: PostgreSQL itself ends a statement after `statement_seconds`. One that says nothing for so long after that has no answer.
GRACE_SECONDS = 1
#: Enough for taking a free connection; the pool refuses to look for one within 0 seconds.
AT_ONCE = 0.001

_waiting = Released()


class Connection(psycopg.Connection[Any]):
    """A thread that waits for an answer releases the run lock meanwhile. Its wait has an end if its work is a client's."""

    def wait(self, *given: Any, **more: Any) -> Any:
        if is_bounded():
            more.setdefault("timeout", answer_seconds())
        with _waiting:
            try:
                return super().wait(*given, **more)
            except psycopg.errors._WaitTimeout:
                self._give_up()
                raise in_vain("PostgreSQL gave no answer") from None

    def _give_up(self) -> None:
        # The answer that is under way would be taken for the next one's.
        self.pgconn.finish()
        # A connection outside of the pool has none.
        pool = getattr(self, "_pool", None)
        if isinstance(pool, Pool):
            pool.give_up()


class Pool(ConnectionPool[Connection]):
    #: When somebody last waited in vain, by time.monotonic.
    _in_vain_at = -math.inf

    def getconn(self, timeout: float | None = None) -> Connection:
        """A connection. Raises WaitedInVain when none came in time, and at once when this piece of work has waited in vain before.

        If others waited in vain while this work waited for its turn, it has waited with them: that counts as its own wait.
        """
        require_patience()
        seconds = self.timeout if timeout is None else timeout
        is_behind = came_at() < self._in_vain_at
        if is_behind:
            seconds = max(AT_ONCE, came_at() + seconds - time.monotonic())
        try:
            return super().getconn(seconds)
        except PoolTimeout as error:
            if not is_behind:
                self._in_vain_at = time.monotonic()
            raise in_vain(str(error)) from None

    def give_up(self) -> None:
        """One connection gives no answer. The others lead to the same silence: each would let somebody wait."""
        self._in_vain_at = time.monotonic()
        self.drain()


def answer_seconds() -> float | None:
    """For how long a client's work waits for one answer; None: without an end, as its statements have none."""
    seconds: int = settings.LIMITS.statement_seconds
    return seconds + GRACE_SECONDS if seconds else None
