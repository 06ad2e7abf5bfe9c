"""The people of this process: their sockets and how active these are, and what is still to be said of them to the others."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from presence.people import Choice, Here
from presence.roster import Saying

_here = msgspec.json.Decoder(Here)


@dataclass(slots=True)
class _Person:
    choice: Choice
    #: socket → whether it is idle
    sockets: dict[Hashable, bool] = field(default_factory=dict)
    #: As JSON: kept as it is, its channels would take five times as much.
    said: bytes | None = None
    said_choice: int = -1


class Own:
    def __init__(self, channels_of: Callable[[int], dict[int, int]]) -> None:
        self._channels_of = channels_of
        self.people: dict[int, _Person] = {}
        self._leaving: dict[int, _Person] = {}
        self._unsaid: set[int] = set()

    def arrived(self, user_id: int, socket: Hashable, choice: Choice) -> None:
        person = self.people.get(user_id)
        if person is None:
            person = self._leaving.pop(user_id) if user_id in self._leaving else _Person(choice)
            self.people[user_id] = person
        person.sockets[socket] = False
        self.chosen(user_id, choice)
        self._unsaid.add(user_id)

    def left(self, user_id: int, socket: Hashable) -> None:
        person = self.people.get(user_id)
        if person is None or person.sockets.pop(socket, None) is None:
            return
        self._unsaid.add(user_id)
        if not person.sockets:
            self._leaving[user_id] = self.people.pop(user_id)

    def told_idle(self, user_id: int, socket: Hashable, *, is_idle: bool) -> None:
        person = self.people.get(user_id)
        if person is not None and person.sockets.get(socket, is_idle) != is_idle:
            person.sockets[socket] = is_idle
            self._unsaid.add(user_id)

    def chosen(self, user_id: int, choice: Choice) -> bool:
        """Takes a choice unless a newer one is known. True if it is new here."""
        person = self.people.get(user_id)
        if person is None or choice.rev <= person.choice.rev:
            return False
        person.choice = choice
        self._unsaid.add(user_id)
        return True

    def look_again(self, user_ids: Iterable[int]) -> None:
        """Their channels may have changed."""
        self._unsaid.update(user_id for user_id in user_ids if user_id in self.people)

    def sayings(self, *, everybody: bool) -> list[Saying]:
        """What is to be said; counts as said, until `not_said` says otherwise."""
        user_ids = [*self.people, *self._leaving] if everybody else list(self._unsaid)
        self._unsaid.clear()
        sayings = [self._saying(user_id) for user_id in user_ids]
        self._leaving.clear()
        return [saying for saying in sayings if saying is not None]

    def not_said(self, sayings: Sequence[Saying]) -> None:
        """Redis has not heard them: those of people who are still here are said again."""
        for saying in sayings:
            person = self.people.get(saying.user_id)
            if person is not None:
                person.said, person.said_choice = None, -1
            elif saying.is_leaving:
                self._leaving[saying.user_id] = _Person(saying.choice, said=_kept(saying.here))
            self._unsaid.add(saying.user_id)

    def _saying(self, user_id: int) -> Saying | None:
        person = self.people.get(user_id)
        if person is None:
            gone = self._leaving.get(user_id)
            if gone is None or gone.said is None:
                return None
            return Saying(user_id, _here.decode(gone.said), gone.choice, is_change=False, is_leaving=True)
        here = Here(all(person.sockets.values()), self._channels_of(user_id))
        is_change = person.said is None or person.said_choice != person.choice.rev or _differ(person.said, here)
        person.said, person.said_choice = _kept(here), person.choice.rev
        return Saying(user_id, here, person.choice, is_change=is_change)


def _kept(here: Here | None) -> bytes | None:
    return None if here is None else msgspec.json.encode(here)


def _differ(said: bytes, after: Here) -> bool:
    # Numbers grow with every message.
    before = _here.decode(said)
    return before.is_idle != after.is_idle or before.channels.keys() != after.channels.keys()
