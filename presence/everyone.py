"""Everybody who is here, as this process has heard: kept in memory, so that no list of members asks anybody.

A person whose presence is not known is shown as unknown, never as offline.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from presence.people import OFFLINE, ONLINE, UNKNOWN, Micros, PersonHere
from presence.places import Ends, put_together, with_record, without_ended
from presence.records import Batch, Kept, Record

#: People who left, of whom it is remembered when: until the rows say so.
MOST_DEPARTED = 10_000


class Shown(msgspec.Struct, frozen=True):
    """What others see of a person."""

    status: str
    activity: str = ""
    #: None while the person is here, and when nobody here knows.
    last_seen: Micros | None = None


class News(msgspec.Struct, frozen=True):
    """Others see something new of this person, in these channels (each with the number at which it was said)."""

    user_id: int
    shown: Shown
    channels: Mapping[int, int]


class Everyone:
    """`flap_seconds`: how long a person who has left a process still counts as being there."""

    def __init__(self, *, flap_seconds: float) -> None:
        #: Everybody who is here, the invisible among them.
        self.people: dict[int, PersonHere] = {}
        #: channel → those who are to be seen there
        #: (keys alone, which take half of a set's room)
        self.by_channel: dict[int, dict[int, None]] = {}
        self.is_known = False
        self._flap = int(flap_seconds * 1e6)
        self._ends = Ends()
        self._doubted: set[int] = set()
        self._departed: dict[int, Micros] = {}

    def shown(self, user_id: int) -> Shown:
        """What others see of this person now."""
        person = self.people.get(user_id)
        if user_id in self._doubted or (person is None and not self.is_known):
            return Shown(UNKNOWN)
        if person is None or person.is_hidden:
            return Shown(OFFLINE, last_seen=self._departed.get(user_id)) if self.is_known else Shown(UNKNOWN)
        return Shown(person.status, person.choice.activity)

    def take(self, batches: Sequence[Batch], now: Micros) -> list[News]:
        """Takes what processes have said since the last call, in its order, and ends places; returns what others see anew."""
        news: list[News | None] = []
        for batch in batches:
            news += self._take_diff(batch)
            news += [self._take_record(batch.process, batch.at, record) for record in batch.records]
        news += [
            self._replace(user_id, without_ended(self.people[user_id], now))
            for user_id in self._ends.reached(self.people, now)
        ]
        return [one for one in news if one is not None]

    def take_everybody(self, kept: Sequence[Kept], now: Micros, *, is_complete: bool) -> list[News]:
        """Takes what Redis keeps of everybody; returns what others see anew. is_complete: people who are missing have gone."""
        people, self._ends = put_together(kept, now, flap=self._flap)
        news = [self._replace(user_id, person) for user_id, person in people.items()]
        if is_complete:
            self.is_known = True
            missing = [user_id for user_id in self.people if user_id not in people]
            news += [self._replace(user_id, None) for user_id in missing]
        return [one for one in news if one is not None]

    def lose(self) -> list[News]:
        """Redis has been away for too long: nobody can be said to be here or not."""
        self.is_known = False
        seen = [
            user_id for user_id, person in self.people.items() if not person.is_hidden and user_id not in self._doubted
        ]
        self._doubted = set(self.people)
        return [News(user_id, Shown(UNKNOWN), self.people[user_id].channels) for user_id in seen]

    def _take_diff(self, batch: Batch) -> Iterator[News | None]:
        diff, people = batch.diff, self.people
        for user_ids, is_idle in ((diff.idle, True), (diff.active, False)):
            for user_id in user_ids:
                person = people.get(user_id)
                if person is not None:
                    yield self._turn(user_id, person, batch, is_idle=is_idle)
        for user_id in diff.left:
            person = people.get(user_id)
            for place in () if person is None else person.places:
                if place.process == batch.process:
                    place.said_at = batch.at
                    self._ends.leave(user_id, place, batch.at + self._flap)

    def _turn(self, user_id: int, person: PersonHere, batch: Batch, *, is_idle: bool) -> News | None:
        was_idle = person.is_idle
        for place in person.places:
            if place.process == batch.process:
                place.is_idle, place.said_at = is_idle, batch.at
        # Whatever else a person has chosen to show holds on idle devices, too.
        if person.choice.status != ONLINE or person.is_idle == was_idle:
            return None
        heads = batch.diff.heads
        channels = {channel_id: max(head, heads.get(channel_id, 0)) for channel_id, head in person.channels.items()}
        return News(user_id, self.shown(user_id), channels)

    def _take_record(self, process: str, at: Micros, record: Record) -> News | None:
        user_id = record.user_id
        person = with_record(self.people.get(user_id), process, at, record)
        if record.is_leaving:
            self._ends.leave(user_id, person.places[0], at + record.lease)
        else:
            self._ends.lease(at + record.lease)
        return self._replace(user_id, person)

    def _replace(self, user_id: int, person: PersonHere | None) -> News | None:
        old = self.people.get(user_id)
        if old is None:
            return None if person is None else self._begin(user_id, person)
        if person is None:
            return self._end(user_id, old)
        before = None if old.is_hidden else self.shown(user_id)
        self.people[user_id] = person
        self._doubted.discard(user_id)
        if old.is_hidden or person.is_hidden or old.channels.keys() != person.channels.keys():
            self._index(user_id, old, person)
        if person.is_hidden:
            if before is None:
                return None
            self._depart(user_id, person.seen)
            return News(user_id, self.shown(user_id), old.channels)
        self._departed.pop(user_id, None)
        after = self.shown(user_id)
        if before != after:
            return News(user_id, after, person.channels)
        begun = person.channels.keys() - old.channels.keys()
        return News(user_id, after, {channel: person.channels[channel] for channel in begun}) if begun else None

    def _begin(self, user_id: int, person: PersonHere) -> News | None:
        self.people[user_id] = person
        if person.is_hidden:
            return None
        self._departed.pop(user_id, None)
        for channel_id in person.channels:
            self.by_channel.setdefault(channel_id, {})[user_id] = None
        return News(user_id, Shown(person.status, person.choice.activity), person.channels)

    def _end(self, user_id: int, person: PersonHere) -> News | None:
        del self.people[user_id]
        self._doubted.discard(user_id)
        if person.is_hidden:
            return None
        for channel_id in person.channels:
            self._unindex(user_id, channel_id)
        self._depart(user_id, person.seen)
        return News(user_id, self.shown(user_id), person.channels)

    def _depart(self, user_id: int, seen: Micros) -> None:
        self._departed.pop(user_id, None)
        self._departed[user_id] = seen
        while len(self._departed) > MOST_DEPARTED:
            del self._departed[next(iter(self._departed))]

    def _index(self, user_id: int, old: PersonHere, new: PersonHere) -> None:
        before = {} if old.is_hidden else old.channels
        after = {} if new.is_hidden else new.channels
        for channel_id in before.keys() - after.keys():
            self._unindex(user_id, channel_id)
        for channel_id in after.keys() - before.keys():
            self.by_channel.setdefault(channel_id, {})[user_id] = None

    def _unindex(self, user_id: int, channel_id: int) -> None:
        seen_there = self.by_channel[channel_id]
        del seen_there[user_id]
        if not seen_there:
            del self.by_channel[channel_id]
