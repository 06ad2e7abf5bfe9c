"""Who is here, through Redis: each process says whom it has and hears what others said, both in one call to one script.

What a process says at once is one record there, however many people it is about, and each process keeps what it has heard.
Everything has an end by Redis' own clock, and nothing here is the only copy of anything: each process says all of its people
again with every heartbeat, and at once when Redis has forgotten them. Knows user ids and channel ids, nothing of sockets.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from redis import asyncio as aioredis

from presence.people import Choice, Micros
from presence.records import (
    ACTIVE,
    IDLE,
    LEFT,
    MARK,
    NO_DIFF,
    Batch,
    Diff,
    Here,
    Kept,
    Record,
    read_batch,
    read_diff,
    read_kept,
)

#: What one call may take. Nobody waits for it: no request asks Redis for presence.
PATIENCE_SECONDS = 1.0
#: People said in one call, so that Redis is never held up for long.
MOST_SAID = 500
#: How long Redis keeps what has changed; a process that has heard nothing for so long hears everything.
WINDOW_SECONDS = 60

_STEP = Path(__file__).with_name("step.lua").read_text()


@dataclass(frozen=True, slots=True)
class Saying:
    """Everything that a process says about one of its people."""

    user_id: int
    here: Here
    choice: Choice
    #: Other processes are to hear of it now; without it only the lease is renewed.
    is_change: bool


@dataclass(frozen=True, slots=True)
class Update:
    """What a process says about its people in one call."""

    people: Sequence[Saying] = ()
    diff: Diff = NO_DIFF


NOTHING_NEW = Update()


@dataclass(frozen=True, slots=True)
class TypingMark:
    """Somebody began, goes on or stopped typing; `age_seconds` since it was said."""

    channel_id: int
    user_id: int
    #: The channel's number where it was said.
    head: int
    is_on: bool
    age_seconds: float = 0.0
    #: What keeps them from sending is a file on its way.
    is_uploading: bool = False
    #: The root of the thread that they type in; 0: none.
    thread_id: int = 0


@dataclass(frozen=True, slots=True)
class ViewingMark(TypingMark):
    """Somebody looks at a support conversation, or looks away; `head` is the number of the desk, whose members hear of it."""

    desk_id: int = 0


Mark = TypeVar("Mark", bound=TypingMark)


@dataclass(frozen=True, slots=True)
class Heard:
    """What processes have said since the last call, or (`everybody`) all that Redis keeps."""

    now: Micros
    #: Redis does not know this process: all of its people are to be said again.
    is_forgotten: bool
    #: There are processes of another release, whose people are not among these.
    is_partial: bool
    #: In the order in which it was said; none with `everybody`.
    batches: Sequence[Batch]
    everybody: Sequence[Kept] | None
    typing: Sequence[TypingMark]
    viewing: Sequence[ViewingMark] = ()


@dataclass
class Roster:
    """One process's end of it; belongs to one event loop. `ahead_seconds` moves Redis' clock, for tests."""

    redis: aioredis.Redis
    present_seconds: float
    flap_seconds: float
    typing_seconds: float
    prefix: str = "gapless:presence:"
    process: str = field(default_factory=lambda: secrets.token_hex(8))
    ahead_seconds: float = 0.0
    _beat: int = 0
    _cursor: int = 0
    _now: Micros = 0
    #: People who have left, and when: their records are deleted once nobody counts them any more.
    _left: dict[int, Micros] = field(default_factory=dict)
    #: People whose records carry a mark of a diff. Records that are newer than their marks need none.
    _marked: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._script = self.redis.register_script(_STEP)

    def forget_what_was_heard(self) -> None:
        """The next call answers with everybody."""
        self._cursor = 0

    async def step(
        self,
        update: Update = NOTHING_NEW,
        typing: Sequence[TypingMark] = (),
        viewing: Sequence[ViewingMark] = (),
        *,
        is_beat: bool = False,
    ) -> Heard:
        """Says, and hears what has changed since the last call. Raises what the client raises; then the same is to be said again.

        is_beat: the update says all people of this process.
        """
        if is_beat:
            self.forget_what_was_heard()
        self._note_left(update)
        # What others are to hear comes first.
        people = sorted(update.people, key=lambda saying: not saying.is_change)
        records = [people[start : start + MOST_SAID] for start in range(0, len(people), MOST_SAID)]
        parts = list(zip_longest(records, update.diff.parts(MOST_SAID), fillvalue=None))
        for some, diff in parts[:-1]:
            await self._call(some or (), diff or NO_DIFF, (), (), is_beat=False, hears=False)
        some, diff = parts[-1]
        answer = await self._call(some or (), diff or NO_DIFF, typing, viewing, is_beat=is_beat, hears=True)
        heard = self._heard(answer)
        self._cursor, self._now = int(answer[0]), heard.now
        return heard

    async def _call(
        self,
        people: Sequence[Saying],
        diff: Diff,
        typing: Sequence[TypingMark],
        viewing: Sequence[ViewingMark],
        *,
        is_beat: bool,
        hears: bool,
    ) -> Any:
        last_beat, self._beat = self._beat, self._beat + is_beat
        gone, unmarked = self._gone(), self._to_unmark() if is_beat else []
        request = {
            **self._settings(),
            "last_beat": str(last_beat),
            "is_beat": is_beat,
            "hears": hears,
            "gone": [*map(str, gone), *(f"{MARK}{user_id}" for user_id in (*gone, *unmarked))],
            "told": sum(saying.is_change for saying in people),
            "people": [spelled for saying in people for spelled in self._spelled(saying)],
            "marks": [spelled for user_id, mark in _marks(diff) for spelled in (f"{MARK}{user_id}", mark)],
            "diff": msgspec.json.encode(diff).decode() if diff.size else "",
            "typing": [f"{_spelled(mark)}:{mark.thread_id}" for mark in typing],
            "viewing": [f"{_spelled(mark)}:{mark.desk_id}" for mark in viewing],
        }
        # Records travel as text within it: the msgpack of Redis' Lua knows no binary strings.
        packed = msgspec.msgpack.encode(request)
        answer = await asyncio.wait_for(
            self._script(keys=[self.prefix], args=[packed], client=self.redis), PATIENCE_SECONDS
        )
        for user_id in gone:
            del self._left[user_id]
        self._marked.difference_update(gone, unmarked)
        return answer

    def _settings(self) -> dict[str, Any]:
        """Who calls, how far they have heard, and how long things last: in microseconds, `keep` in milliseconds."""
        return {
            "process": self.process,
            "beat": str(self._beat),
            "ahead": int(self.ahead_seconds * 1e6),
            "cursor": self._cursor,
            "now": self._now,
            "window": WINDOW_SECONDS * 1_000_000,
            "keep": int((self.present_seconds + 2 * WINDOW_SECONDS) * 1000),
            "typing_lasts": int(self.typing_seconds * 1e6),
        }

    def _note_left(self, update: Update) -> None:
        if self._left:
            for saying in update.people:
                self._left.pop(saying.user_id, None)
        diff = update.diff
        self._left.update(dict.fromkeys(diff.left, self._now))
        self._marked.update(diff.idle, diff.active, diff.left)

    def _gone(self) -> list[int]:
        # By what was heard last: late rather than early.
        before = self._now - int(self.flap_seconds * 1e6)
        return [user_id for user_id, at in self._left.items() if at < before][:MOST_SAID]

    def _to_unmark(self) -> list[int]:
        return [*islice((user_id for user_id in self._marked if user_id not in self._left), MOST_SAID)]

    def _spelled(self, saying: Saying) -> tuple[str, str]:
        record = Record(saying.user_id, int(self.present_seconds * 1e6), False, saying.here, saying.choice)
        return str(saying.user_id), msgspec.json.encode(record).decode()

    def _heard(self, answer: Any) -> Heard:
        rev, now, is_full, is_forgotten, is_partial, everybody, batches, diffs, typing, viewing = answer
        kept = [one for process, fields in everybody for one in read_kept(process.decode(), fields)]
        said = sorted([*_scored(read_batch, batches), *_scored(read_diff, diffs)], key=itemgetter(0))
        types = [_read_mark(TypingMark, member, age, beside="thread_id") for member, age in _aged(typing, int(rev))]
        looks = [_read_mark(ViewingMark, member, age, beside="desk_id") for member, age in _aged(viewing, int(rev))]
        return Heard(
            int(now),
            bool(is_forgotten),
            bool(is_partial),
            [batch for _, batch in said],
            kept if is_full else None,
            types,
            looks,
        )


def _scored(read: Callable[[bytes], Batch], scored: Sequence[bytes]) -> Iterator[tuple[float, Batch]]:
    for member, score in zip(scored[::2], scored[1::2], strict=True):
        yield float(score), read(member)


def _marks(diff: Diff) -> Iterator[tuple[int, str]]:
    for user_ids, mark in ((diff.idle, IDLE), (diff.active, ACTIVE), (diff.left, LEFT)):
        for user_id in user_ids:
            yield user_id, mark


def _spelled(mark: TypingMark) -> str:
    return f"{mark.channel_id}:{mark.user_id}:{mark.head}:{mark.is_on and 1 + mark.is_uploading:d}"


def _aged(scored: Sequence[bytes], rev: int) -> Iterator[tuple[bytes, float]]:
    for member, score in zip(scored[::2], scored[1::2], strict=True):
        yield member, max(0.0, (rev - float(score)) / 1e6)


def _read_mark(kind: type[Mark], member: bytes, age_seconds: float, *, beside: str) -> Mark:
    channel_id, user_id, head, is_on, number = map(int, [*member.split(b":"), b"0"][:5])
    return kind(channel_id, user_id, head, is_on > 0, age_seconds, is_on > 1, **{beside: number})
