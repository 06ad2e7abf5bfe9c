"""How many requests are worked on at once, how many wait for their turn, and since when nothing moves."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable

from chatproject.measuring import http_places_taken, http_waiting


class NoPlace(Exception):
    """So many wait already that another would only wait for nothing."""


class Places:
    """First come, first served. Of one process and its event loop."""

    def __init__(self, count: int, *, waiting: int) -> None:
        self.count = count
        self._most_waiting = waiting
        self._taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._moved_at = time.monotonic()

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def standing_seconds(self) -> float:
        """For how long somebody waits and no place was given on; 0 while it goes on."""
        return time.monotonic() - self._moved_at if self._queue else 0.0

    async def take(self) -> Callable[[], None]:
        """A place, maybe after waiting; what is returned gives it back, once. Raises NoPlace."""
        if self._taken < self.count:
            self._taken += 1
        else:
            await self._wait()
        self._note()
        is_held = True

        def leave() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self._give_on()

        return leave

    async def _wait(self) -> None:
        if len(self._queue) >= self._most_waiting:
            raise NoPlace
        if not self._queue:
            self._moved_at = time.monotonic()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self._note()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                # Unless it was passed over already.
                with contextlib.suppress(ValueError):
                    self._queue.remove(turn)
            else:
                self._give_on()
            raise

    def _give_on(self) -> None:
        self._moved_at = time.monotonic()
        turn = self._next()
        if turn is None:
            self._taken -= 1
        else:
            turn.set_result(None)
        self._note()

    def _next(self) -> "asyncio.Future[None] | None":
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                return turn
        return None

    def _note(self) -> None:
        http_places_taken.set(self._taken)
        http_waiting.set(len(self._queue))
