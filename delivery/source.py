"""What the machinery asks of the product: rows, positions, commits.

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
    """The user of a socket or request, and the proof that is checked again while the socket lives."""

    user: Person
    #: Opaque to the machinery: given back to `endings`.
    proof: tuple[str, str]


#: In the place of a description that was told already, or that nobody asks for.
NOT_DESCRIBED = BareChannel(id=0)


class Access(msgspec.Struct, gc=False):
    """One socket's access to one channel, read in one snapshot. (The most numerous objects; none is part of a reference cycle.)"""

    channel_id: int
    head: int
    #: Changes up to this number are before the access began, and are not replayed.
    since: int
    #: Grows with every change of what is the user's own there and has no number.
    version: int
    #: What `hello` says of the channel; not kept once it was told.
    description: BareChannel = NOT_DESCRIBED


@dataclass(frozen=True, slots=True)
class LogPosition:
    """The epoch in which numbers can be compared, and how far the database's own log was written in it (0: can't be seen)."""

    epoch: str
    position: int


@dataclass(frozen=True, slots=True)
class Opening:
    """Who comes in, and what `hello` says: the epoch, read before the rest, and every channel that there is access to."""

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
    """One draft that is now in the log, or was before."""

    raw: bytes
    duplicate: bool


#: A row as PostgreSQL spells it.
Row = Sequence[bytes | None]

T = TypeVar("T")
#: A statement, with %s for each of its parameters, and these as PostgreSQL reads them.
Asked = tuple[str, Sequence[str]]
Rows = Sequence[tuple[Any, ...]]
#: What is found out by asking PostgreSQL one or more times: gives what it asks in one round trip, takes the rows of each, returns
#: what it has found. The caller may ask for it again from the beginning.
Reading = Generator[Sequence[Asked], Sequence[Rows], T]


class Question(Protocol):
    """One statement that is a transaction by itself, and has one row."""

    @property
    def sql(self) -> str: ...

    @property
    def parameters(self) -> Sequence[bytes | None]: ...

    def outcomes(self, row: Row) -> list[Committed | Refused] | None:
        """The outcome of each draft, announced; None if nothing was written, and a thread must commit them."""


@functools.cache
def numbered(sql: str) -> str:
    """The same statement with PostgreSQL's own marks in place of %s."""
    pieces = sql.split("%s")
    return "".join(f"{piece}${number}" for number, piece in enumerate(pieces[:-1], 1)) + pieces[-1]


class LaneDraft(Protocol):
    """Something to be committed to one channel; its lane is the channel's id."""

    @property
    def channel_id(self) -> int: ...


class Source(Protocol):
    def found(self, reading: Reading[T]) -> T:
        """What this finds when it is asked here."""

    def question(self, drafts: Sequence[LaneDraft]) -> Question | None:
        """On the event loop: the same as `commit`, where nothing else has to be looked at; None where it has."""

    def log_position(self) -> LogPosition:
        """Where the database stands."""

    def begin_epoch(self, after: str) -> str:
        """Another epoch, unless that one is over already; returns the one that stands."""

    def accesses_to(self, user_id: int, channel_ids: Collection[int]) -> dict[int, Access]:
        """The accesses to those of the channels that the user may follow."""

    def access(self, user_id: int, channel_id: int) -> Access | None:
        """One of them; None without access."""

    def changes_since(self, channel_id: int, rev: int, *, limit: int) -> Missed:
        """At most `limit` changes after `rev`, in order; `head` is complete when fewer came."""

    def changes_of(self, held: Mapping[int, int], *, limit: int) -> dict[int, Missed]:
        """The same for many channels at once: {channel: rev}."""

    def can_replay(self, held: Mapping[int, int]) -> dict[int, bool]:
        """For each channel, whether what was missed since the held number is little and young enough to be replayed."""

    def heads(self, channel_ids: Sequence[int]) -> dict[int, int]:
        """The newest number of each channel that exists."""

    def memberships(self, user_ids: Sequence[int]) -> dict[int, dict[int, int]]:
        """User → channel → version, for every access of these users."""

    def endings(self, logins: Sequence[Login]) -> list[CloseCode | None]:
        """For each login, why it has ended (signed out or banned); None while it holds."""

    def commit(self, drafts: Sequence[LaneDraft]) -> list[Committed | Refused]:
        """All drafts in one transaction, each with its own outcome; announces them after COMMIT."""

    def move_cursors(self, cursors: Mapping[tuple[int, int], tuple[int, int]]) -> None:
        """(channel, user) → (delivered, read), forward only; announces the cursors that moved."""
