"""What processes tell each other about their people through Redis, as JSON.

A record says everything about one person. A diff only names people, of whom one thing has changed since their record.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from presence.people import Choice, Micros


class Here(msgspec.Struct, frozen=True, array_like=True):
    """One person as one process has them."""

    #: None of the person's sockets in this process has had input lately.
    is_idle: bool
    #: The person's channels, each with the number up to which the process knew it: a user who has lost the channel by then hears
    #: nothing.
    channels: dict[int, int]


class Record(msgspec.Struct, frozen=True, array_like=True):
    """Everything that a process says about one of its people."""

    user_id: int
    #: Microseconds for which it counts, unless the process repeats it.
    lease: Micros
    #: Only the release before says so: this one names those who leave in a diff.
    is_leaving: bool
    here: Here
    choice: Choice


class Diff(msgspec.Struct, frozen=True, array_like=True):
    """People of one process who have turned idle, turned active, or left it, since their records."""

    idle: Sequence[int] = ()
    active: Sequence[int] = ()
    left: Sequence[int] = ()
    #: The number up to which the process knew each channel of those who turned idle or active.
    heads: dict[int, int] = {}

    @property
    def size(self) -> int:
        return len(self.idle) + len(self.active) + len(self.left)

    def parts(self, most: int) -> "Iterator[Diff]":
        """The same in diffs that name at most so many people each."""
        if self.size <= most:
            yield self
            return
        for start in range(0, max(len(self.idle), len(self.active), len(self.left)), most // 3):
            cut = slice(start, start + most // 3)
            yield Diff(self.idle[cut], self.active[cut], self.left[cut], self.heads)


NO_DIFF = Diff()

#: The mark that Redis keeps of a person beside their record, for what a diff has said since.
IDLE, ACTIVE, LEFT = "i", "a", "l"
#: The name of that mark's field is this and the user's id.
MARK = "~"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a process said in one call."""

    process: str
    at: Micros
    records: Sequence[Record] = ()
    diff: Diff = NO_DIFF


@dataclass(frozen=True, slots=True)
class Kept:
    """What Redis keeps of one person of a process: the record, and the mark of the diffs since, each with its time."""

    process: str
    at: Micros
    record: Record
    marked_at: Micros = 0
    mark: str = ""


_records = msgspec.json.Decoder(list[Record])
_record = msgspec.json.Decoder(Record)
_diff = msgspec.json.Decoder(Diff)


def read_batch(spelled: bytes) -> Batch:
    """From "<time> <process> [<record>, …]"."""
    at, process, records = spelled.split(b" ", 2)
    return Batch(process.decode(), int(at), records=_records.decode(records))


def read_diff(spelled: bytes) -> Batch:
    """From "<time> <process> <diff>"."""
    at, process, diff = spelled.split(b" ", 2)
    return Batch(process.decode(), int(at), diff=_diff.decode(diff))


def read_kept(process: str, fields: Sequence[bytes]) -> Iterator[Kept]:
    """From a process's hash: each user's id and "<time> <record>", and marks of "<time> <mark>", one after the other."""
    values = dict(zip(fields[::2], fields[1::2], strict=True))
    for name, spelled in values.items():
        if name.isdigit():
            at, record = spelled.split(b" ", 1)
            marked_at, _, mark = values.get(MARK.encode() + name, b"0 ").partition(b" ")
            yield Kept(process, int(at), _record.decode(record), int(marked_at), mark.decode())
