"""Writes when people were last seen: one statement a minute for all people of this process, and one at its end.

Losing it is harmless: the next minute says more.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings

from chat.services.presence import Sighting
from presence.everyone import Everyone
from presence.local import Own
from presence.people import OFFLINE, UNKNOWN


@dataclass
class Sightings:
    """The values of one statement: people's statuses as others see them, and (channel, user) → seconds since they typed."""

    people: dict[int, Sighting] = field(default_factory=dict)
    typed: dict[tuple[int, int], float] = field(default_factory=dict)


class Seen:
    def __init__(self, own: Own, view: Everyone, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._own = own
        self._view = view
        self._every = settings.LIMITS.presence_write_seconds
        self._clock = clock
        self._taken_at = clock()
        self._gone: dict[int, float] = {}
        self._typed: dict[tuple[int, int], float] = {}

    def gone(self, user_id: int) -> None:
        """Notes that others no longer see this person: they are offline or invisible from now on."""
        self._gone[user_id] = self._clock()

    def typed(self, channel_id: int, user_id: int) -> None:
        self._typed[channel_id, user_id] = self._clock()

    def is_due(self) -> bool:
        return self._clock() - self._taken_at >= self._every

    def take(self, *, is_end: bool = False) -> Sightings:
        """Takes everything since the last call. is_end: this process ends, so its people leave, as far as it knows."""
        now = self._taken_at = self._clock()
        gone, self._gone = self._gone, {}
        typed, self._typed = self._typed, {}
        found = Sightings({user_id: Sighting(OFFLINE, now - at) for user_id, at in gone.items()})
        for user_id in self._own.people:
            status = self._view.shown(user_id).status
            if status not in (OFFLINE, UNKNOWN):
                found.people[user_id] = Sighting(OFFLINE if is_end else status, 0.0)
        found.typed = {key: now - at for key, at in typed.items() if key[1] in found.people}
        return found

    def put_back(self, seen: Sightings) -> None:
        """The statement failed: people who have gone are written again next time; the next minute writes the others anyway."""
        now = self._clock()
        for user_id, sighting in seen.people.items():
            if sighting.status == OFFLINE:
                self._gone.setdefault(user_id, now - sighting.age_seconds)
