"""What is said of a person: the person's own choice, what each process has of them, and how both combine into what others see."""

from collections.abc import Mapping

import msgspec

ONLINE = "online"
AWAY = "away"
BUSY = "busy"
#: Chosen, and shown only to the person: to everybody else it is OFFLINE.
INVISIBLE = "invisible"
OFFLINE = "offline"
#: Redis is away: nobody can say.
UNKNOWN = "unknown"
#: What a person may choose.
CHOICES = (ONLINE, AWAY, BUSY, INVISIBLE)

#: Microseconds of Redis' clock.
Micros = int


class Choice(msgspec.Struct, frozen=True, array_like=True):
    """What a person has chosen, for all their devices. PostgreSQL keeps it; the higher `rev` is the newer one."""

    status: str = ONLINE
    activity: str = ""
    rev: int = 0
    shows_typing: bool = True


#: The choice of a person who has never chosen.
UNCHOSEN = Choice()


class Here(msgspec.Struct, frozen=True, array_like=True):
    """One person as one process has them."""

    #: None of the person's sockets in this process has had input lately.
    is_idle: bool
    #: The person's channels, each with the number up to which the process knew it: who has lost the channel by then hears nothing.
    channels: dict[int, int]


class Place(msgspec.Struct, frozen=True):
    """What was heard of a person from one process: `until` then it counts, unless the process says so again."""

    process: str
    here: Here
    said_at: Micros
    until: Micros


class PersonHere(msgspec.Struct, frozen=True):
    """One person over all processes."""

    choice: Choice
    is_idle: bool
    channels: Mapping[int, int]
    places: tuple[Place, ...]

    @property
    def seen(self) -> Micros:
        """When a process last vouched for the person."""
        return max(place.said_at for place in self.places)

    @property
    def is_hidden(self) -> bool:
        return self.choice.status == INVISIBLE

    @property
    def status(self) -> str:
        """Invisible and busy are the person's choice and hold on every device; away is chosen, or all devices are idle."""
        chosen = self.choice.status
        if chosen == ONLINE:
            return AWAY if self.is_idle else ONLINE
        return OFFLINE if chosen == INVISIBLE else chosen


def combined(choice: Choice, places: tuple[Place, ...]) -> PersonHere:
    """The person over all processes that have them: one at least."""
    if len(places) == 1:
        # Nearly everybody.
        here = places[0].here
        return PersonHere(choice, here.is_idle, here.channels, places)
    channels: dict[int, int] = {}
    for place in places:
        for channel_id, head in place.here.channels.items():
            channels[channel_id] = max(head, channels.get(channel_id, 0))
    return PersonHere(choice, all(place.here.is_idle for place in places), channels, places)
