"""Requests that wait for a channel's next change: each is a future, and holds neither a thread nor a connection."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterator

from delivery import metrics
from delivery.live.catching_up import CatchingUp
from delivery.source import Access

logger = logging.getLogger("gapless.waits")


class Waits:
    """The waiting requests of this process, at most `most` of one user."""

    def __init__(self, catching_up: CatchingUp, *, most: int) -> None:
        self._catching_up = catching_up
        self._most = most
        self._of_user: Counter[int] = Counter()
        self._ending: set[asyncio.Future[None]] = set()
        self._has_ended = False

    def has_room(self, user_id: int) -> bool:
        return self._of_user[user_id] < self._most

    @contextlib.contextmanager
    def place(self, user_id: int) -> Iterator[bool]:
        """Takes one of the user's places until the end of the block; yields False if there is none. On the event loop."""
        has_place = self.has_room(user_id)
        self._of_user[user_id] += has_place
        try:
            yield has_place
        finally:
            if has_place:
                self._of_user -= Counter([user_id])

    async def until_above(self, number: int, *, channel_id: int, seconds: float) -> None:
        """Waits for a change of the channel after this number, at most `seconds`; also returns when the process ends.

        It reads no rows: the request is handled again, with all its rules.
        """
        if self._has_ended:
            return
        metrics.requests_waiting.inc()
        try:
            async with asyncio.timeout(seconds):
                await self._follow(channel_id, number)
        except TimeoutError:
            pass
        except Exception as error:
            logger.warning("a request could not wait, and is answered at once: %r", error)
        finally:
            metrics.requests_waiting.dec()

    def end(self) -> None:
        """Answers all waiting requests now; from here on no request waits."""
        self._has_ended = True
        for waiting in self._ending:
            _set(waiting)

    async def _follow(self, channel_id: int, number: int) -> None:
        access = Access(channel_id=channel_id, head=number, since=0, version=0)
        async with self._catching_up.pinned(access) as channel:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._ending.add(waiting)
            channel.waiting.add(waiting)
            try:
                if channel.position <= number and not self._has_ended:
                    await waiting
            finally:
                channel.waiting.discard(waiting)
                self._ending.discard(waiting)


def _set(waiting: "asyncio.Future[None]") -> None:
    with contextlib.suppress(asyncio.InvalidStateError):
        waiting.set_result(None)
