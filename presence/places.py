"""Where everybody is, as one process has heard of all of them: what each process says of a person, combined, until it ends.

Times are microseconds of Redis' clock. Knows nothing of how it is heard.
"""

import sys
from collections.abc import Iterable, Sequence

import msgspec

from presence.people import UNCHOSEN, Choice, Here, Micros, PersonHere, Place, combined

#: Later than anything ends.
NEVER: Micros = sys.maxsize


class Record(msgspec.Struct, frozen=True, array_like=True):
    """What a process says of one of its people."""

    user_id: int
    #: So long it counts, unless it is said again: microseconds.
    lease: Micros
    is_leaving: bool
    here: Here
    choice: Choice


#: Everybody whom one process has: its name, then each user and when and what was said, one after the other.
Told = tuple[bytes, Sequence[bytes]]

_record = msgspec.json.Decoder(Record)
_records = msgspec.json.Decoder(list[Record])


class Places:
    def __init__(self) -> None:
        self._people: dict[int, PersonHere] = {}
        #: (user, process) → when this place ends; the others do not before `_next_end`.
        self._leaving: dict[tuple[int, str], Micros] = {}
        self._next_end = NEVER

    def take_all(self, told: Iterable[Told], now: Micros) -> dict[int, PersonHere | None]:
        """Takes and returns everybody; what was heard before counts no more."""
        self._people, self._leaving, self._next_end = {}, {}, NEVER
        for name_of_process, fields in told:
            process = sys.intern(name_of_process.decode())
            for name, spelled in zip(fields[::2], fields[1::2], strict=True):
                if name.isdigit():
                    at, record = spelled.split(b" ", 1)
                    self._put(process, int(at), _record.decode(record), now)
        return dict(self._people)

    def take(self, batches: Iterable[bytes], now: Micros) -> dict[int, PersonHere | None]:
        """Takes what processes have said since, in its order; returns of whom, and who has a place less: None for the last."""
        user_ids: dict[int, None] = {}
        for batch in batches:
            at, name_of_process, records = batch.split(b" ", 2)
            said_at, process = int(at), sys.intern(name_of_process.decode())
            for record in _records.decode(records):
                self._put(process, said_at, record, now)
                user_ids[record.user_id] = None
        for user_id in self._ended(now):
            user_ids[user_id] = None
        return {user_id: self._people.get(user_id) for user_id in user_ids}

    def _put(self, process: str, at: Micros, record: Record, now: Micros) -> None:
        user_id, until = record.user_id, at + record.lease
        if record.is_leaving:
            self._leaving[user_id, process] = until
        elif until < self._next_end:
            self._next_end = until
        choice = record.choice if record.choice.rev else UNCHOSEN
        places: tuple[Place, ...] = (Place(process, record.here, at, until),)
        person = self._people.get(user_id)
        if person is not None:
            if person.choice.rev >= choice.rev:
                choice = person.choice
            if len(person.places) > 1 or person.places[0].process != process:
                places += tuple(place for place in person.places if place.process != process)
        self._keep(user_id, choice, places, now)

    def _keep(self, user_id: int, choice: Choice, places: tuple[Place, ...], now: Micros) -> None:
        if len(places) > 1 or places[0].until <= now:
            places = tuple(place for place in places if place.until > now)
        if places:
            self._people[user_id] = combined(choice, places)
        else:
            self._people.pop(user_id, None)

    def _ended(self, now: Micros) -> list[int]:
        left = [key for key, until in self._leaving.items() if until <= now]
        for key in left:
            del self._leaving[key]
        user_ids = {user_id for user_id, _ in left}
        if now >= self._next_end:
            # A process has not said its people again: it has died.
            user_ids.update(self._people)
            places = (place for person in self._people.values() for place in person.places)
            self._next_end = min((place.until for place in places if place.until > now), default=NEVER)
        return [user_id for user_id in user_ids if self._end_places(user_id, now)]

    def _end_places(self, user_id: int, now: Micros) -> bool:
        person = self._people.get(user_id)
        if person is None or all(place.until > now for place in person.places):
            return False
        self._keep(user_id, person.choice, person.places, now)
        return True
