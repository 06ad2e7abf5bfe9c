"""Everybody who is here, as this process has heard: kept in memory, so that no list of members asks anybody.

What is not known is said to be unknown, never offline.
"""

from collections.abc import Mapping

import msgspec

from presence.people import OFFLINE, UNKNOWN, Micros, PersonHere
from presence.roster import Heard

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
    def __init__(self) -> None:
        #: Everybody who is here, the invisible among them.
        self.people: dict[int, PersonHere] = {}
        #: channel → those who are to be seen there
        #: (keys alone, which take half of a set's room)
        self.by_channel: dict[int, dict[int, None]] = {}
        self.is_known = False
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

    def take(self, heard: Heard, *, believes_absence: bool) -> list[News]:
        """What others see anew after what was heard. A person who is missing among everybody has gone, if that can be believed."""
        news = [self._put(user_id, person) for user_id, person in heard.people.items()]
        if heard.is_full and believes_absence:
            missing = [user_id for user_id in self.people if user_id not in heard.people]
            self.is_known = True
            news += [self._put(user_id, None) for user_id in missing]
        return [found for found in news if found is not None]

    def lose(self) -> list[News]:
        """Redis has been away for too long: nobody can be said to be here or not."""
        self.is_known = False
        seen = [
            user_id for user_id, person in self.people.items() if not person.is_hidden and user_id not in self._doubted
        ]
        self._doubted = set(self.people)
        return [News(user_id, Shown(UNKNOWN), self.people[user_id].channels) for user_id in seen]

    def _put(self, user_id: int, person: PersonHere | None) -> News | None:
        old, before = self.people.get(user_id), self.shown(user_id)
        are_alike = _are_seen_alike(old, person)
        if not are_alike:
            self._index(user_id, old, person)
        was_doubted = user_id in self._doubted
        self._doubted.discard(user_id)
        if person is None:
            self.people.pop(user_id, None)
        else:
            self.people[user_id] = person
        was_seen = old is not None and not old.is_hidden
        if person is None or person.is_hidden:
            if not was_seen or old is None:
                return None
            self._depart(user_id, old.seen if person is None else person.seen)
            return News(user_id, self.shown(user_id), old.channels)
        self._departed.pop(user_id, None)
        after = self.shown(user_id)
        if before != after or was_doubted or not was_seen or old is None:
            return News(user_id, after, person.channels)
        if are_alike:
            return None
        begun = person.channels.keys() - old.channels.keys()
        return (
            News(user_id, after, {channel_id: person.channels[channel_id] for channel_id in begun}) if begun else None
        )

    def _depart(self, user_id: int, seen: Micros) -> None:
        self._departed.pop(user_id, None)
        self._departed[user_id] = seen
        while len(self._departed) > MOST_DEPARTED:
            del self._departed[next(iter(self._departed))]

    def _index(self, user_id: int, old: PersonHere | None, new: PersonHere | None) -> None:
        before = _visible_in(old)
        after = _visible_in(new)
        for channel_id in before - after:
            seen_there = self.by_channel[channel_id]
            seen_there.pop(user_id, None)
            if not seen_there:
                del self.by_channel[channel_id]
        for channel_id in after - before:
            self.by_channel.setdefault(channel_id, {})[user_id] = None


def _are_seen_alike(old: PersonHere | None, new: PersonHere | None) -> bool:
    if old is None or new is None:
        return False
    return old.is_hidden == new.is_hidden and old.channels.keys() == new.channels.keys()


def _visible_in(person: PersonHere | None) -> set[int]:
    return set() if person is None or person.is_hidden else set(person.channels)
