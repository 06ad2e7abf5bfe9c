"""The people of this process: their sockets and how active these are, and what other processes have not been told of them yet."""

from array import array
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from presence.people import UNCHOSEN, Choice
from presence.records import NO_DIFF, Diff, Here
from presence.roster import Saying, Update


@dataclass(slots=True)
class _Person:
    choice: Choice
    #: socket → whether it is idle
    sockets: dict[Hashable, bool] = field(default_factory=dict)
    #: What the other processes know: the channels' ids as bytes (a set of them would take ten times as much), whether the person is
    #: idle, and the choice. None: nothing that counts.
    told_channels: bytes | None = None
    told_idle: bool = False
    told_choice: int = -1


class Own:
    """`heads_of`: the channels of these users in this process, each with the number up to which it knows it."""

    def __init__(self, heads_of: Callable[[Iterable[int]], dict[int, int]]) -> None:
        self._heads_of = heads_of
        self.people: dict[int, _Person] = {}
        self._leaving: dict[int, _Person] = {}
        #: People of whom everything may have changed; and whose sockets have only turned idle or active.
        self._changed: set[int] = set()
        self._turned: set[int] = set()
        #: How many people have come since the last update.
        self.newcomers = 0

    def arrived(self, user_id: int, socket: Hashable, choice: Choice) -> None:
        person = self.people.get(user_id)
        if person is None:
            person = self._leaving.pop(user_id) if user_id in self._leaving else _Person(choice)
            self.people[user_id] = person
            self.newcomers += 1
        person.sockets[socket] = False
        self.chosen(user_id, choice)
        self._changed.add(user_id)

    def left(self, user_id: int, socket: Hashable) -> None:
        person = self.people.get(user_id)
        if person is None or person.sockets.pop(socket, None) is None:
            return
        if person.sockets:
            self._changed.add(user_id)
        else:
            self._leaving[user_id] = self.people.pop(user_id)

    def told_idle(self, user_id: int, socket: Hashable, *, is_idle: bool) -> None:
        person = self.people.get(user_id)
        if person is not None and person.sockets.get(socket, is_idle) != is_idle:
            person.sockets[socket] = is_idle
            self._turned.add(user_id)

    def chosen(self, user_id: int, choice: Choice) -> bool:
        """Takes a choice unless a newer one is known. True if it is new here."""
        person = self.people.get(user_id)
        if person is None or choice.rev <= person.choice.rev:
            return False
        person.choice = choice
        self._changed.add(user_id)
        return True

    def look_again(self, user_ids: Iterable[int]) -> None:
        """Their channels may have changed."""
        self._changed.update(user_id for user_id in user_ids if user_id in self.people)

    def update(self, *, everybody: bool) -> Update:
        """What the others are to be told; counts as told, until `not_told` says otherwise."""
        changed, self._changed = self._changed, set()
        turned, self._turned = self._turned, set()
        self.newcomers = 0
        people = [
            self._saying(user_id, person)
            for user_id in (list(self.people) if everybody else changed)
            if (person := self.people.get(user_id)) is not None
        ]
        left = [user_id for user_id, person in self._leaving.items() if person.told_channels is not None]
        self._leaving.clear()
        idle, active = ([], []) if everybody else self._flips(turned - changed)
        if not (idle or active or left):
            return Update(people, NO_DIFF)
        return Update(people, Diff(idle, active, left, self._heads_of([*idle, *active])))

    def not_told(self, update: Update) -> None:
        """Redis has not heard it: people who are still here are told of in full again."""
        diff = update.diff
        for user_id in (*(saying.user_id for saying in update.people), *diff.idle, *diff.active):
            person = self.people.get(user_id)
            if person is not None:
                person.told_channels, person.told_choice = None, -1
                self._changed.add(user_id)
        for user_id in diff.left:
            if user_id not in self.people:
                self._leaving.setdefault(user_id, _Person(UNCHOSEN, told_channels=b""))

    def _saying(self, user_id: int, person: _Person) -> Saying:
        here = Here(all(person.sockets.values()), self._heads_of([user_id]))
        told = array("q", sorted(here.channels)).tobytes(), here.is_idle, person.choice.rev
        is_change = told != (person.told_channels, person.told_idle, person.told_choice)
        person.told_channels, person.told_idle, person.told_choice = told
        return Saying(user_id, here, person.choice, is_change=is_change)

    def _flips(self, user_ids: Iterable[int]) -> tuple[list[int], list[int]]:
        idle: list[int] = []
        active: list[int] = []
        for user_id in user_ids:
            person = self.people.get(user_id)
            if person is not None:
                is_idle = all(person.sockets.values())
                if is_idle != person.told_idle:
                    person.told_idle = is_idle
                    (idle if is_idle else active).append(user_id)
        return idle, active
