"""Who is here, through Redis: each process says whom it has and hears what others said, both in one call to one script.

What a process says at once is one record there, however many people it is about, and each process keeps what it has heard.
Everything has an end by Redis' own clock, and nothing here is the only copy of anything: each process says all of its people
again with every heartbeat, and at once when Redis has forgotten them. Knows user ids and channel ids, nothing of sockets.
"""

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from redis import asyncio as aioredis

from presence.people import Choice, Here, Micros, PersonHere
from presence.places import Places, Record

#: What one call may take. Nobody waits for it: no request asks Redis for presence.
PATIENCE_SECONDS = 1.0
#: People said in one call, so that Redis is never held up for long.
MOST_SAID = 500
#: How long Redis keeps what has changed; a process that has heard nothing for so long hears everything.
WINDOW_SECONDS = 60

_STEP = Path(__file__).with_name("step.lua").read_text()


@dataclass(frozen=True, slots=True)
class Saying:
    """What a process says of one of its people."""

    user_id: int
    here: Here
    choice: Choice
    #: Others are to hear of it now; without it only the lease is renewed.
    is_change: bool
    #: The person has left this process: the lease is so short that coming back within it is not noticed by anybody.
    is_leaving: bool = False

    @property
    def is_told(self) -> bool:
        """Others hear of it now; of the rest when they ask for everybody."""
        return self.is_change or self.is_leaving


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
    """What has changed since the last call, or (`is_full`) everybody who is here."""

    now: Micros
    is_full: bool
    #: Redis does not know this process: all of its people are to be said again.
    is_forgotten: bool
    #: There are processes of another release, whose people are not among these.
    is_partial: bool
    #: None: no process has this person any more.
    people: Mapping[int, PersonHere | None]
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
    _places: Places = field(default_factory=Places)
    #: Who was said to leave, and when: to be taken out of what newcomers read.
    _left: dict[int, Micros] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._script = self.redis.register_script(_STEP)

    def forget_what_was_heard(self) -> None:
        """The next call answers with everybody."""
        self._cursor = 0

    async def step(
        self,
        people: Sequence[Saying] = (),
        typing: Sequence[TypingMark] = (),
        viewing: Sequence[ViewingMark] = (),
        *,
        is_beat: bool = False,
    ) -> Heard:
        """Says, and hears what has changed since the last call. Raises what the client raises; then the same is to be said again.

        is_beat: `people` are all people of this process.
        """
        if is_beat:
            self.forget_what_was_heard()
        self._note_leaving(people)
        # What others are to hear of comes first.
        ordered = sorted(people, key=lambda saying: not saying.is_told)
        *before, rest = [ordered[start : start + MOST_SAID] for start in range(0, max(1, len(ordered)), MOST_SAID)]
        for some in before:
            await self._call(some, (), (), is_beat=False, hears=False)
        answer = await self._call(rest, typing, viewing, is_beat=is_beat, hears=True)
        heard = self._heard(answer)
        self._cursor, self._now = int(answer[0]), heard.now
        return heard

    async def _call(
        self,
        people: Sequence[Saying],
        typing: Sequence[TypingMark],
        viewing: Sequence[ViewingMark],
        *,
        is_beat: bool,
        hears: bool,
    ) -> Any:
        last_beat, self._beat = self._beat, self._beat + is_beat
        gone = self._gone()
        request = {
            "process": self.process,
            "beat": str(self._beat),
            "last_beat": str(last_beat),
            "is_beat": is_beat,
            "hears": hears,
            "ahead": int(self.ahead_seconds * 1e6),
            "cursor": self._cursor,
            "now": self._now,
            "window": WINDOW_SECONDS * 1_000_000,
            "keep": int((self.present_seconds + 2 * WINDOW_SECONDS) * 1000),
            "typing_lasts": int(self.typing_seconds * 1e6),
            "gone": [str(user_id) for user_id in gone],
            "told": sum(saying.is_told for saying in people),
            "people": [spelled for saying in people for spelled in self._spelled(saying)],
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
        return answer

    def _note_leaving(self, people: Sequence[Saying]) -> None:
        for saying in people:
            if saying.is_leaving:
                self._left[saying.user_id] = self._now
            elif self._left:
                self._left.pop(saying.user_id, None)

    def _gone(self) -> list[int]:
        # By what was heard last: late rather than early.
        before = self._now - int(self.flap_seconds * 1e6)
        return [user_id for user_id, at in self._left.items() if at < before][:MOST_SAID]

    def _spelled(self, saying: Saying) -> tuple[str, str]:
        lease = self.flap_seconds if saying.is_leaving else self.present_seconds
        record = Record(saying.user_id, int(lease * 1e6), saying.is_leaving, saying.here, saying.choice)
        return str(saying.user_id), msgspec.json.encode(record).decode()

    def _heard(self, answer: Any) -> Heard:
        rev, now, is_full, is_forgotten, is_partial, everybody, batches, typing, viewing = answer
        people = self._places.take_all(everybody, int(now)) if is_full else self._places.take(batches, int(now))
        types = [_read_mark(TypingMark, member, age, beside="thread_id") for member, age in _aged(typing, int(rev))]
        looks = [_read_mark(ViewingMark, member, age, beside="desk_id") for member, age in _aged(viewing, int(rev))]
        return Heard(int(now), bool(is_full), bool(is_forgotten), bool(is_partial), people, types, looks)


def _spelled(mark: TypingMark) -> str:
    return f"{mark.channel_id}:{mark.user_id}:{mark.head}:{mark.is_on and 1 + mark.is_uploading:d}"


def _aged(scored: Sequence[bytes], rev: int) -> Iterator[tuple[bytes, float]]:
    for member, score in zip(scored[::2], scored[1::2], strict=True):
        yield member, max(0.0, (rev - float(score)) / 1e6)


def _read_mark(kind: type[Mark], member: bytes, age_seconds: float, *, beside: str) -> Mark:
    channel_id, user_id, head, is_on, number = map(int, [*member.split(b":"), b"0"][:5])
    return kind(channel_id, user_id, head, is_on > 0, age_seconds, is_on > 1, **{beside: number})
