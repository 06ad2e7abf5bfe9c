"""The history: events in the order in which they were noted. Times are seconds of this process' monotonic clock.

A history is all that the checker sees of the clients; it can be written to and read from JSON lines.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Event):
    """One phase of a command: invoke, then ok, fail (refused, not done) or unknown (no answer, or one that says so)."""

    client: str
    user: int
    connection: int
    ref: int
    phase: str
    channel: int
    key: str
    body: str = ""
    code: str = ""
    seq: int = 0
    duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Event):
    """A client took a change into its view. `live`: pushed on a connection; otherwise read from history."""

    client: str
    user: int
    connection: int
    channel: int
    rev: int
    seq: int
    sender: int
    key: str
    body: str
    kind: str
    live: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame(Event):
    """A pushed batch that did not fit what the client held: old (all of it is held), overlap, gap, or unfollowed."""

    client: str
    user: int
    connection: int
    channel: int
    after: int
    head: int
    held: int
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked(Event):
    """What became of a connection: refused, open, synced or closed. `code`: HTTP status or close code, 0 for a cut."""

    client: str
    user: int
    connection: int
    what: str
    web: str
    code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced(Event):
    """An answered sync: what was held when it was sent, and where each channel stands."""

    client: str
    user: int
    connection: int
    held: dict[int, int]
    heads: dict[int, int]
    resync: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Event):
    """A push about the client's membership."""

    client: str
    user: int
    connection: int
    channel: int
    action: str
    head: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence(Event):
    """A command that was not answered within `seconds` by a server that answered a ping meanwhile."""

    client: str
    user: int
    connection: int
    ref: int
    key: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked(Event):
    """From here on the user's logins are void (in the rows), or only that of one client. `seconds`: until it hears nothing."""

    user: int
    client: str = ""
    #: 0: what the product's check of all logins takes.
    seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulted(Event):
    """A fault begins or ends."""

    name: str
    target: str
    phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given(Event):
    """A file that is whole and that a message is to have: the one with this key. `digest`: of the bytes that were given."""

    user: int
    channel: int
    key: str
    file: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched(Event):
    """Somebody has asked for a file when all was quiet. `digest`: of what came; `status`: 0 without an answer."""

    user: int
    file: int
    status: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Final(Event):
    """How a client stood at the end: whether it had to be whole by then, what it held, and from where it followed each channel.

    `views`: {channel: {seq: (rev, look)}}; `starts`: the number after which the client can be expected to know all.
    """

    client: str
    user: int
    is_whole: bool
    held: dict[int, int]
    starts: dict[int, int]
    views: dict[int, dict[int, tuple[int, str]]]


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (Command, Shown, Frame, Linked, Synced, Told, Silence, Revoked, Faulted, Given, Fetched, Final)
}
E = TypeVar("E", bound=Event)


class History(list[Event]):
    """Events in the order they were noted."""

    def of(self, kind: type[E]) -> Iterator[E]:
        return (event for event in self if type(event) is kind)

    def save(self, path: Path) -> None:
        with path.open("wb") as file:
            for event in self:
                file.write(msgspec.json.encode({"event": type(event).__name__, **asdict(event)}) + b"\n")

    @classmethod
    def load(cls, path: Path) -> History:
        return cls(_event(msgspec.json.decode(line)) for line in path.open("rb"))


def _event(fields: dict[str, Any]) -> Event:
    return msgspec.convert(fields, KINDS[fields.pop("event")], strict=False)
