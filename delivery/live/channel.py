"""A channel in this process: its position, its newest changes, the sockets that follow it, and announcements beyond a gap."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from delivery.bus.announcements import Change, Changed

if TYPE_CHECKING:
    from delivery.live.socket import Socket

#: Announcements that are kept while a gap before them is repaired; later ones are read from the rows.
MOST_AHEAD = 64
#: Changes that a channel keeps in memory, for clients that reconnect soon.
RECENT_CHANGES = 200
#: They stay in memory for this time to twice as long; seconds. Clients that return later get the rows, whatever became of the
#: announcement that makes processes forget rows that were changed or deleted without a number.
RECENT_SECONDS = 300


class LiveChannel:
    """A channel here: changes up to `position` were delivered; those above `floor` are still in memory.

    The floor is above the position while this process is behind a number up to which it was told to forget.
    """

    __slots__ = (
        "_marked",
        "_marked_at",
        "_recent",
        "_recent_most",
        "ahead",
        "emptied_at",
        "ends",
        "floor",
        "id",
        "is_healing",
        "pins",
        "position",
        "sockets",
        "started_at",
        "waiting",
    )

    def __init__(self, channel_id: int, *, position: int, recent_most: int) -> None:
        self.id = channel_id
        self.position = position
        self.floor = position
        #: An access that was read at a lower head than this may have ended unnoticed.
        self.started_at = position
        #: As a set: keys alone, which take half of a set's room, and a socket is in many.
        self.sockets: dict[Socket, None] = {}
        self.emptied_at: float | None = None
        #: Syncs under way that need this channel.
        self.pins = 0
        #: For each user whose access ended while this process followed: the number of the last end.
        self.ends: dict[int, int] = {}
        self.ahead: dict[int, Changed] = {}
        self.is_healing = False
        #: Requests that wait for its next change, or its end (see `wake`).
        self.waiting: set[asyncio.Future[None]] = set()
        self._recent: dict[int, Change] = {}
        self._recent_most = recent_most
        #: The position at an earlier moment (time.monotonic); None: not noted yet.
        self._marked = position
        self._marked_at: float | None = None

    def fitting(self, changed: Changed) -> list[Change] | None:
        """The changes that come next, without those already here; None if changes between are missing."""
        if changed.after > self.position:
            return None
        if changed.after == self.position:
            return list(changed.changes)
        return [change for change in changed.changes if change.rev > self.position]

    def advance(self, changes: Iterable[Change], head: int) -> None:
        for change in changes:
            self._recent.pop(change.key, None)
            if change.rev > self.floor:
                self._recent[change.key] = change
            if change.ends is not None:
                self.ends[change.ends] = change.rev
        while len(self._recent) > self._recent_most:
            oldest = next(iter(self._recent))
            self.floor = self._recent.pop(oldest).rev
        self.position = head
        self.wake()

    def forget_old(self, now: float) -> None:
        """Forgets changes that have been in memory for RECENT_SECONDS; to be called every few seconds (time.monotonic)."""
        if self._marked_at is not None:
            if now - self._marked_at < RECENT_SECONDS:
                return
            self.forget(self._marked)
        self._marked, self._marked_at = self.position, now

    def forget(self, until: int) -> None:
        """Forgets the changes up to this number for ever, also those that are still on their way to this process."""
        self.floor = max(self.floor, until)
        self._recent = {change.key: change for change in self.since(self.floor)}

    def wake(self) -> None:
        """Wakes the waiting requests, which check the channel again."""
        for waiting in self.waiting:
            if not waiting.done():
                waiting.set_result(None)

    def can_continue(self, held: int) -> bool:
        """Whether everything between this number and the position is in memory."""
        return self.floor <= held <= self.position

    def since(self, rev: int) -> list[Change]:
        """The changes after `rev` (not below `floor`): of each message or other key only the newest."""
        return [change for change in self._recent.values() if change.rev > rev]

    def keep_ahead(self, changed: Changed) -> None:
        if len(self.ahead) < MOST_AHEAD:
            self.ahead[changed.after] = changed

    @property
    def has_gap(self) -> bool:
        return any(changed.after > self.position for changed in self.ahead.values())

    def take_ahead(self) -> Iterator[Changed]:
        """Takes the announcements behind a gap that has closed, in order, without changes already here."""
        for after in sorted(self.ahead):
            if after <= self.position:
                changed = self.ahead.pop(after)
                if changed.head > self.position:
                    yield changed


def cut_at_ends(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Splits the changes into runs, so that an access ends only at the first change of a run."""
    run: list[Change] = []
    for change in changes:
        if change.ends is not None and run:
            yield run
            run = []
        run.append(change)
    if run:
        yield run


def until_end_of(user_id: int, changes: Sequence[Change]) -> Sequence[Change]:
    """The changes before the one that ends the user's access."""
    for position, change in enumerate(changes):
        if change.ends == user_id:
            return changes[:position]
    return changes
