"""Commits a batch in PostgreSQL: bounds the wait, and refuses at once while PostgreSQL is away."""

import asyncio
import logging
from collections.abc import Sequence

from delivery.async_sql.connections import LoopConnections
from delivery.breaker import Breaker, BreakerOpen
from delivery.service_errors import DATABASE_AWAY, DatabaseAway, is_database_away
from delivery.source import Committed, LaneDraft, Source
from delivery.threads import KeepingThreads
from delivery.wire.errors import Refused, Unavailable

logger = logging.getLogger("gapless.committer")

#: So many are asked for on the event loop. More are a thread's work: while it is at it, the loop takes more into the next batch.
FEW = 3


class Committer:
    """`seconds`: how long a commit is waited for."""

    def __init__(self, source: Source, threads: KeepingThreads, lines: LoopConnections, *, seconds: float) -> None:
        self._source = source
        self._threads = threads
        self._lines = lines
        self.seconds = seconds
        # After a failure PostgreSQL is left alone for a second; senders hear `unavailable` at once meanwhile.
        self._breaker = Breaker("postgres_commit", failures=1, pause_seconds=1)

    async def commit(self, drafts: Sequence[LaneDraft]) -> list[Committed | Refused]:
        """The outcome of each draft, in order. Raises Unavailable if it is unknown, or nothing was tried."""
        try:
            return await self._breaker.call(lambda: self._try(drafts), counts=(DatabaseAway,))
        except BreakerOpen:
            raise Unavailable from None
        except (DatabaseAway, *DATABASE_AWAY) as error:
            logger.warning(
                "PostgreSQL did not take %d messages, their senders will repeat them: %s", len(drafts), error
            )
            raise Unavailable from None

    async def _try(self, drafts: Sequence[LaneDraft]) -> list[Committed | Refused]:
        try:
            async with asyncio.timeout(self.seconds):
                return await self._by_line(drafts) or await self._by_thread(drafts)
        except TimeoutError:
            # It stands still. What was asked goes on, so the outcome is unknown, and the same client_msg_id finds it out.
            raise DatabaseAway(f"no answer within {self.seconds} s") from None
        except DATABASE_AWAY as error:
            if is_database_away(error):
                raise DatabaseAway(str(error)) from error
            raise

    async def _by_line(self, drafts: Sequence[LaneDraft]) -> list[Committed | Refused] | None:
        question = self._source.question(drafts) if len(drafts) <= FEW else None
        line = self._lines.take() if question is not None else None
        if question is None or line is None:
            return None
        try:
            row = await line.ask(question)
        finally:
            self._lines.give_back(line)
        return None if row is None else question.outcomes(row)

    async def _by_thread(self, drafts: Sequence[LaneDraft]) -> list[Committed | Refused]:
        outcomes = await self._threads.run(self._source.commit, drafts)
        self._lines.fetch()
        return outcomes
