"""Who was seen, on the way to the rows: one statement a minute for all people of this process, and one at its end.

Losing it is harmless: the next minute says more.
"""

import time
from collections.abc import Callable

from chat.services import note_seen
from chat.services.presence import Sighting
from presence.own import Own
from presence.people import OFFLINE, UNKNOWN
from presence.view import View


class Seen:
    def __init__(
        self, own: Own, view: View, *, every_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._own = own
        self._view = view
        self._every = every_seconds
        self._clock = clock
        self._written_at = clock()
        self._gone: dict[int, float] = {}
        self._typed: dict[tuple[int, int], float] = {}

    def gone(self, user: int) -> None:
        """Nobody sees this person any more: offline, or invisible from now on."""
        self._gone[user] = self._clock()

    def typed(self, stream: int, user: int) -> None:
        self._typed[stream, user] = self._clock()

    def is_due(self) -> bool:
        return self._clock() - self._written_at >= self._every

    def write(self, *, is_end: bool = False) -> None:
        """In a database thread. What can't be written is said again a minute later, as far as it is still so."""
        now = self._clock()
        self._written_at = now
        gone, self._gone = self._gone, {}
        typed, self._typed = self._typed, {}
        people = {user: Sighting(OFFLINE, now - at) for user, at in gone.items()}
        for user in list(self._own.people):
            state = self._view.shown(user).status
            if state not in (OFFLINE, UNKNOWN):
                people[user] = Sighting(OFFLINE if is_end else state, 0.0)
        ages = {key: now - at for key, at in typed.items() if key[1] in people}
        if people:
            try:
                note_seen(people, ages)
            except Exception:
                self._gone = {**gone, **self._gone}
                self._typed = {**typed, **self._typed}
                raise
