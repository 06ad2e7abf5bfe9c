"""People's places: which processes have a person, and when each of these places ends.

Times are microseconds of Redis' clock. Knows nothing of Redis, or of what others see.
"""

import sys
from collections.abc import Iterable, Mapping

from presence.people import UNCHOSEN, Choice, Micros, PersonHere, Place
from presence.records import ACTIVE, IDLE, LEFT, Kept, Record

#: Later than anything ends.
NEVER: Micros = sys.maxsize


def with_record(person: PersonHere | None, process: str, at: Micros, record: Record) -> PersonHere:
    """The person with the place that this record describes, in place of what the same process said before."""
    here = record.here
    place = Place(process, here.is_idle, here.channels, at, at + record.lease)
    choice = record.choice if record.choice.rev else UNCHOSEN
    if person is None:
        return PersonHere(choice, (place,))
    others = tuple(other for other in person.places if other.process != process)
    return PersonHere(_newer(person.choice, choice), (place, *others))


def without_ended(person: PersonHere, now: Micros) -> PersonHere | None:
    """The person without the places that have ended; None if there is no other."""
    if len(person.places) == 1:
        return person if person.places[0].until > now else None
    places = tuple(place for place in person.places if place.until > now)
    return PersonHere(person.choice, places) if places else None


def _newer(known: Choice, said: Choice) -> Choice:
    return known if known.rev >= said.rev else said


class Ends:
    """When places end: those that people are leaving one by one, all others not before the earliest lease."""

    def __init__(self) -> None:
        self._leaving: dict[tuple[int, str], Micros] = {}
        self._earliest = NEVER

    def lease(self, until: Micros) -> None:
        """A place has this lease."""
        self._earliest = min(self._earliest, until)

    def leave(self, user_id: int, place: Place, until: Micros) -> None:
        """The person leaves this place: it ends then, unless the process says a new record."""
        place.until = self._leaving[user_id, place.process] = until

    def reached(self, people: Mapping[int, PersonHere], now: Micros) -> list[int]:
        """The people of whom a place has ended by now, each once."""
        over = [key for key, until in self._leaving.items() if until <= now]
        for key in over:
            del self._leaving[key]
        user_ids: Iterable[int] = dict.fromkeys(user_id for user_id, _ in over)
        if now >= self._earliest:
            # A process has not repeated the records of its people: it has died.
            user_ids = people
            leases = (place.until for person in people.values() for place in person.places)
            self._earliest = min((until for until in leases if until > now), default=NEVER)
        return [user_id for user_id in user_ids if user_id in people and _has_ended(people[user_id], now)]


def _has_ended(person: PersonHere, now: Micros) -> bool:
    return any(place.until <= now for place in person.places)


def put_together(kept: Iterable[Kept], now: Micros, *, flap: Micros) -> tuple[dict[int, PersonHere], Ends]:
    """Everybody who has a place that has not ended. `flap`: how long a place still counts after the person has left it."""
    people: dict[int, PersonHere] = {}
    ends = Ends()
    for one in kept:
        user_id = one.record.user_id
        person = with_record(people.get(user_id), one.process, one.at, one.record)
        place = person.places[0]
        mark = one.mark if one.marked_at >= one.at else ""
        if mark:
            place.said_at = one.marked_at
        if mark in (IDLE, ACTIVE):
            place.is_idle = mark == IDLE
        if mark == LEFT or one.record.is_leaving:
            ends.leave(user_id, place, one.marked_at + flap if mark == LEFT else place.until)
        else:
            ends.lease(place.until)
        still_here = person if place.until > now else without_ended(person, now)
        if still_here is not None:
            people[user_id] = still_here
    return people, ends
