"""A person who is here: their own choice, what each process has of them, and how both combine into what others see."""

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


class Place(msgspec.Struct):
    """One process's part of a person. It counts `until` then, unless the process repeats it."""

    process: str
    #: None of the person's sockets in this process has had input lately.
    is_idle: bool
    #: The person's channels, each with the number up to which the process knew it.
    channels: dict[int, int]
    said_at: Micros
    until: Micros


class PersonHere(msgspec.Struct):
    """One person over all processes that have them, one at least."""

    choice: Choice
    places: tuple[Place, ...]

    @property
    def is_idle(self) -> bool:
        places = self.places
        return places[0].is_idle if len(places) == 1 else all(place.is_idle for place in places)

    @property
    def channels(self) -> dict[int, int]:
        """Each with the highest number up to which a process knew it."""
        if len(self.places) == 1:
            # Nearly everybody.
            return self.places[0].channels
        heads: dict[int, int] = {}
        for place in self.places:
            for channel_id, head in place.channels.items():
                heads[channel_id] = max(head, heads.get(channel_id, 0))
        return heads

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
