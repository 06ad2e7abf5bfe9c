"""Everybody who is here, as this process has heard: kept in memory, so that no list of members asks anybody.

What is not known is said to be unknown, never offline.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from presence.people import OFFLINE, UNKNOWN, Micros, PersonHere
from presence.roster import Heard

#: People who left, of whom it is remembered when: until the rows say so.
MOST_DEPARTED = 10_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What others see of a person."""

    status: str
    activity: str = ""
    #: None while the person is here, and when nobody here knows.
    last_seen: Micros | None = None


@dataclass(frozen=True, slots=True)
class News:
    """Others see something new of this person, in these channels (each with the number at which it was said)."""

    user: int
    shown: Shown
    channels: Mapping[int, int]


class Everyone:
    def __init__(self) -> None:
        #: Everybody who is here, the invisible among them.
        self.people: dict[int, PersonHere] = {}
        #: channel → those who are to be seen there
        self.by_channel: dict[int, set[int]] = {}
        self.is_known = False
        self._doubted: set[int] = set()
        self._departed: dict[int, Micros] = {}

    def shown(self, user: int) -> Shown:
        """What others see of this person now."""
        person = self.people.get(user)
        if user in self._doubted or (person is None and not self.is_known):
            return Shown(UNKNOWN)
        if person is None or person.is_hidden:
            return Shown(OFFLINE, last_seen=self._departed.get(user)) if self.is_known else Shown(UNKNOWN)
        return Shown(person.status, person.choice.activity)

    def take(self, heard: Heard, *, believes_absence: bool) -> list[News]:
        """What others see anew after what was heard. A person who is missing among everybody has gone, if that can be believed."""
        news = [self._put(user, person, heard.seen[user]) for user, person in heard.people.items()]
        if heard.is_full and believes_absence:
            missing = [user for user in self.people if user not in heard.people]
            self.is_known = True
            news += [self._put(user, None, self.people[user].seen) for user in missing]
        return [found for found in news if found is not None]

    def lose(self) -> list[News]:
        """Redis has been away for too long: nobody can be said to be here or not."""
        self.is_known = False
        seen = [user for user, person in self.people.items() if not person.is_hidden and user not in self._doubted]
        self._doubted = set(self.people)
        return [News(user, Shown(UNKNOWN), self.people[user].channels) for user in seen]

    def _put(self, user: int, person: PersonHere | None, seen: Micros) -> News | None:
        old, before = self.people.get(user), self.shown(user)
        self._index(user, old, person)
        was_doubted = user in self._doubted
        self._doubted.discard(user)
        if person is None:
            self.people.pop(user, None)
        else:
            self.people[user] = person
        was_seen = old is not None and not old.is_hidden
        if person is None or person.is_hidden:
            if not was_seen or old is None:
                return None
            # Only the first process to hear of it is told when: Redis forgets the place with that.
            self._depart(user, max(seen, old.seen))
            return News(user, self.shown(user), old.channels)
        self._departed.pop(user, None)
        after = self.shown(user)
        if before != after or was_doubted or not was_seen or old is None:
            return News(user, after, person.channels)
        begun = {channel_id: head for channel_id, head in person.channels.items() if channel_id not in old.channels}
        return News(user, after, begun) if begun else None

    def _depart(self, user: int, seen: Micros) -> None:
        self._departed.pop(user, None)
        self._departed[user] = seen
        while len(self._departed) > MOST_DEPARTED:
            del self._departed[next(iter(self._departed))]

    def _index(self, user: int, old: PersonHere | None, new: PersonHere | None) -> None:
        before = _visible_in(old)
        after = _visible_in(new)
        for channel_id in before - after:
            users = self.by_channel[channel_id]
            users.discard(user)
            if not users:
                del self.by_channel[channel_id]
        for channel_id in after - before:
            self.by_channel.setdefault(channel_id, set()).add(user)


def _visible_in(person: PersonHere | None) -> set[int]:
    return set() if person is None or person.is_hidden else set(person.channels)
