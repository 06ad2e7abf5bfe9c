"""Places for requests (or opening sockets): how many run at once, how many wait for their turn, and since when nothing moves.

A request waits in the line of its address, and the lines have their turns one after another: however many requests one address
sends, a request from another address waits for one of them, not for all.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict, deque
from collections.abc import Callable

Turn = asyncio.Future[None]


class NoPlace(Exception):
    """Too many requests wait already: another one would wait in vain."""


class Places:
    """Places of one event loop. `note` is called with the taken places and the waiting requests when either changes."""

    def __init__(
        self, count: int, *, waiting: int, note: Callable[[int, int], None] = lambda taken, waiting: None
    ) -> None:
        self.count = count
        self._most_waiting = waiting
        self._tell = note
        self._taken = 0
        #: The lines of waiting requests; none is empty, and the first line has the next turn.
        self._lines: OrderedDict[str, deque[Turn]] = OrderedDict()
        self._waiting = 0
        self._moved_at = time.monotonic()

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def waiting(self) -> int:
        return self._waiting

    @property
    def standing_seconds(self) -> float:
        """Seconds since a place was last given to a waiting request; 0 if none waits."""
        return time.monotonic() - self._moved_at if self._waiting else 0.0

    async def take(self, line: str) -> Callable[[], None]:
        """Takes a place, maybe after waiting in this line. Returns a function that gives it back, once.

        If too many wait already, the last request of the longest line gets NoPlace.
        """
        if self._taken < self.count:
            self._taken += 1
        else:
            await self._wait(line)
        self._note()
        is_held = True

        def leave() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self._give_on()

        return leave

    async def _wait(self, line: str) -> None:
        if self._waiting >= self._most_waiting:
            self._make_room(line)
        if not self._waiting:
            self._moved_at = time.monotonic()
        turn: Turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(line, deque()).append(turn)
        self._waiting += 1
        self._note()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(line, turn)
                self._note()
            elif turn.exception() is None:
                self._give_on()
            raise

    def _make_room(self, line: str) -> None:
        longest = max(self._lines, key=lambda other: len(self._lines[other]), default=line)
        if len(self._lines.get(longest, ())) <= len(self._lines.get(line, ())) + 1:
            raise NoPlace
        last = self._lines[longest][-1]
        self._forget(longest, last)
        if not last.done():
            last.set_exception(NoPlace())

    def _give_on(self) -> None:
        self._moved_at = time.monotonic()
        turn = self._next()
        if turn is None:
            self._taken -= 1
        else:
            turn.set_result(None)
        self._note()

    def _next(self) -> Turn | None:
        while self._lines:
            line, turns = next(iter(self._lines.items()))
            turn = turns[0]
            self._forget(line, turn)
            if line in self._lines:
                self._lines.move_to_end(line)
            if not turn.done():
                return turn
        return None

    def _forget(self, line: str, turn: Turn) -> None:
        # It may have been forgotten already: who leaves hears of it only at the loop's next turn.
        with contextlib.suppress(KeyError, ValueError):
            self._lines[line].remove(turn)
            self._waiting -= 1
            if not self._lines[line]:
                del self._lines[line]

    def _note(self) -> None:
        self._tell(self._taken, self._waiting)
