"""The interface through which the machinery asks the product for rows, positions and commits.

All functions are sync, and run in a database thread where nothing else is said.
"""

import functools
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from delivery.bus.announcements import Change
from delivery.wire.errors import Refused
from delivery.wire.frames import BareChannel, Person
from delivery.wire.types import CloseCode


@dataclass(frozen=True, slots=True)
class Login:
    """The user of a socket or request, and the proof of the login, which is checked again while the socket lives."""

    user: Person
    #: Delivery does not read it; it passes it to `endings`.
    proof: tuple[str, str]


#: Instead of a description that was sent already, or that nobody needs.
NOT_DESCRIBED = BareChannel(id=0)


class Access(msgspec.Struct, gc=False):
    """One socket's access to one channel, read in one snapshot. (The most numerous objects; none is part of a reference cycle.)"""

    channel_id: int
    head: int
    #: Changes up to this number are before the access began, and are not replayed.
    since: int
    #: Grows with every change of the user's own settings in the channel, which have no number.
    version: int
    #: The channel's description for `hello`; not kept after it was sent.
    description: BareChannel = NOT_DESCRIBED


@dataclass(frozen=True, slots=True)
class LogPosition:
    """The epoch in which numbers can be compared, and how far the database's own log was written in it (0: can't be seen)."""

    epoch: str
    position: int


@dataclass(frozen=True, slots=True)
class Opening:
    """The user of a new socket and the data of `hello`: the epoch, read before the rest, and every channel with access."""

    login: Login
    log_position: LogPosition
    accesses: Sequence[Access]


@dataclass(frozen=True, slots=True)
class Missed:
    """The changes between a held number and the head."""

    head: int
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Committed:
    """A draft that is in the log, now or since an earlier attempt."""

    raw: bytes
    duplicate: bool


#: A row as PostgreSQL spells it.
Row = Sequence[bytes | None]

T = TypeVar("T")
#: A statement, with %s for each of its parameters, and these as PostgreSQL reads them.
Asked = tuple[str, Sequence[str]]
Rows = Sequence[tuple[Any, ...]]
#: A generator that reads PostgreSQL in one or more round trips: it yields the statements of a round trip, receives the rows of
#: each, and returns its result. The caller may repeat it from the beginning.
Reading = Generator[Sequence[Asked], Sequence[Rows], T]


class Question(Protocol):
    """A statement that is a transaction by itself, and returns one row."""

    @property
    def sql(self) -> str: ...

    @property
    def parameters(self) -> Sequence[bytes | None]: ...

    def outcomes(self, row: Row) -> list[Committed | Refused] | None:
        """The outcome of each draft, announced; None if nothing was written, and a thread must commit them."""


@functools.cache
def numbered(sql: str) -> str:
    """The same statement with PostgreSQL's placeholders ($1) instead of %s."""
    pieces = sql.split("%s")
    return "".join(f"{piece}${number}" for number, piece in enumerate(pieces[:-1], 1)) + pieces[-1]


class LaneDraft(Protocol):
    """A draft for one channel; its lane is the channel's id."""

    @property
    def channel_id(self) -> int: ...


class Source(Protocol):
    def found(self, reading: Reading[T]) -> T:
        """Runs the reading in this thread and returns its result."""

    def question(self, drafts: Sequence[LaneDraft]) -> Question | None:
        """On the event loop: one statement that commits these drafts; None if only `commit` can."""

    def log_position(self) -> LogPosition:
        """The epoch, and the position of the database's own log."""

    def begin_epoch(self, after: str) -> str:
        """Begins another epoch unless that one has ended already; returns the current one."""

    def accesses_to(self, user_id: int, channel_ids: Collection[int]) -> dict[int, Access]:
        """The user's accesses to these channels, without channels that the user may not follow."""

    def access(self, user_id: int, channel_id: int) -> Access | None:
        """The user's access to one channel; None without access."""

    def changes_since(self, channel_id: int, rev: int, *, limit: int) -> Missed:
        """At most `limit` changes after `rev`, in order; fewer mean that the channel is complete up to `head`."""

    def changes_of(self, held: Mapping[int, int], *, limit: int) -> dict[int, Missed]:
        """The same for many channels at once: {channel: rev}."""

    def can_replay(self, held: Mapping[int, int]) -> dict[int, bool]:
        """For each channel whether the changes after the held number are few and recent enough to be replayed."""

    def heads(self, channel_ids: Sequence[int]) -> dict[int, int]:
        """The newest number of each channel that exists."""

    def heads_and_floors(self, channel_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
        """The same, each with the number up to which rows may be gone (0: none are)."""

    def memberships(self, user_ids: Sequence[int]) -> dict[int, dict[int, int]]:
        """User → channel → version, for every access of these users."""

    def endings(self, logins: Sequence[Login]) -> list[CloseCode | None]:
        """For each login, why it has ended (signed out or banned); None while it holds."""

    def commit(self, drafts: Sequence[LaneDraft]) -> list[Committed | Refused]:
        """All drafts in one transaction, each with its own outcome; announces them after COMMIT."""

    def move_cursors(self, cursors: Mapping[tuple[int, int], tuple[int, int]]) -> None:
        """(channel, user) → (delivered, read), forward only; announces the cursors that moved."""
