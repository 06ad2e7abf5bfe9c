"""Lanes and the committer: what is posted to a channel waits in its lane and is committed in batches, in the order it came.

A lane's next batch starts as soon as its last one is done, so alone a message goes at once and batches form under load; under load
it also lets other processes that post there have their turn (lanes.py).
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence

from delivery.commit.lanes import Lane
from delivery.live.channel_counts import CountedChannels
from delivery.live.tracing import Answered, tracers
from delivery.source import Committed, LaneDraft
from delivery.tasks import Nursery
from delivery.wire.errors import Internal, QueueFull, Refused, Unavailable

logger = logging.getLogger("gapless.queue")

Commit = Callable[[Sequence[LaneDraft]], Awaitable[list[Committed | Refused]]]
Outcome = asyncio.Future[Committed]
#: A draft, who waits for it, and since when (time.perf_counter).
Waiting = tuple[LaneDraft, Outcome, float]


class Queue:
    """Bounded: `waiting` drafts a lane, `batch` in one commit. Belongs to one event loop."""

    def __init__(
        self, commit: Commit, nursery: Nursery, *, waiting: int, batch: int, counted: CountedChannels | None = None
    ) -> None:
        self._nursery = nursery
        self._commit = commit
        self._most_waiting = waiting
        self._batch = batch
        self._counted = counted or CountedChannels()
        self._lanes: dict[int, Lane[Waiting]] = {}
        self._emptying: set[asyncio.Task[None]] = set()

    def submit(self, draft: LaneDraft) -> Outcome:
        """A future with the committed draft, or the refusal. Raises QueueFull; the order of submissions is kept."""
        lane = self._lanes.get(draft.channel_id)
        if lane is None:
            lane = self._lanes[draft.channel_id] = Lane(self._batch)
            emptying = self._nursery.start(self._empty(draft.channel_id, lane))
            self._emptying.add(emptying)
            emptying.add_done_callback(self._emptying.discard)
        if len(lane.waiting) >= self._most_waiting:
            raise QueueFull(retry_after=1)
        outcome: Outcome = asyncio.get_running_loop().create_future()
        lane.add((draft, outcome, time.perf_counter()))
        return outcome

    def hear(self, channel_id: int) -> None:
        """Another process has committed to this channel."""
        lane = self._lanes.get(channel_id)
        if lane is not None:
            lane.hear()

    @property
    def length(self) -> int:
        return sum(len(lane.waiting) for lane in self._lanes.values())

    @property
    def longest(self) -> int:
        return max((len(lane.waiting) for lane in self._lanes.values()), default=0)

    async def flushed(self) -> None:
        """Returns when nothing waits and nothing is being committed."""
        while self._emptying:
            await asyncio.wait(set(self._emptying))

    async def _empty(self, channel_id: int, lane: Lane[Waiting]) -> None:
        taken: list[Waiting] = []
        try:
            while lane.waiting:
                taken, taken_at = lane.take(), time.perf_counter()
                outcomes = await self._outcomes([draft for draft, _, _ in taken])
                since = [since for _, _, since in taken]
                self._counted.answered(channel_id, since, outcomes)
                for tracer in tracers:
                    tracer.answered(Answered(channel_id=channel_id, since=since, taken_at=taken_at, outcomes=outcomes))
                _settle(taken, outcomes)
                taken = []
                if all(isinstance(outcome, Unavailable) for outcome in outcomes):
                    # Who waits behind would only wait for the same answer.
                    _settle(lane.waiting, [outcomes[0]] * len(lane.waiting))
                    lane.waiting.clear()
                await lane.turn()
        finally:
            del self._lanes[channel_id]
            # Cancelled: the outcome of what was taken is unknown, and repeating it is safe.
            if left := [*taken, *lane.waiting]:
                _settle(left, [Unavailable()] * len(left))

    async def _outcomes(self, drafts: list[LaneDraft]) -> list[Committed | Refused]:
        try:
            return await self._commit(drafts)
        except Refused as refusal:
            return [refusal] * len(drafts)
        except Exception as error:
            reference = secrets.token_hex(6)
            logger.error("reference %s: %d messages were not committed", reference, len(drafts), exc_info=error)
            return [Internal(reference)] * len(drafts)


def _settle(taken: Sequence[Waiting], outcomes: Sequence[Committed | Refused]) -> None:
    for (_, waiter, _), outcome in zip(taken, outcomes, strict=True):
        if waiter.done():
            continue
        if isinstance(outcome, Refused):
            waiter.set_exception(outcome)
            # Nobody may be waiting any more (the socket has gone): that is no error of ours.
            waiter.exception()
        else:
            waiter.set_result(outcome)
