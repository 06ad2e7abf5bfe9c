"""Who is here, in Redis: each process says whom it has and hears what others said, both in one call to one script.

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

from presence.people import UNCHOSEN, Choice, Here, Micros, PersonHere, combined

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
    #: None: no process has this person any more.
    people: Mapping[int, PersonHere | None]
    #: When each of them was last vouched for.
    seen: Mapping[int, Micros]
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
        for start in range(0, max(0, len(people) - MOST_SAID), MOST_SAID):
            await self._call(people[start : start + MOST_SAID], (), (), is_beat=False, hears=False)
        rest = people[(len(people) - 1) // MOST_SAID * MOST_SAID :] if people else ()
        answer = await self._call(rest, typing, viewing, is_beat=is_beat, hears=True)
        self._cursor, self._now = answer.rev, answer.heard.now
        return answer.heard

    async def _call(
        self,
        people: Sequence[Saying],
        typing: Sequence[TypingMark],
        viewing: Sequence[ViewingMark],
        *,
        is_beat: bool,
        hears: bool,
    ) -> "_Stepped":
        last_beat, self._beat = self._beat, self._beat + is_beat
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
            "people": [self._spelled(saying) for saying in people],
            "typing": [f"{_spelled(mark)}:{mark.thread_id}" for mark in typing],
            "viewing": [f"{_spelled(mark)}:{mark.desk_id}" for mark in viewing],
        }
        # Records travel as text within it: the msgpack of Redis' Lua knows no binary strings.
        packed = msgspec.msgpack.encode(request)
        return _read(
            await asyncio.wait_for(self._script(keys=[self.prefix], args=[packed], client=self.redis), PATIENCE_SECONDS)
        )

    def _spelled(self, saying: Saying) -> tuple[str, int, str, int, str, bool]:
        lease = self.flap_seconds if saying.is_leaving else self.present_seconds
        here = msgspec.json.encode(saying.here).decode()
        choice = msgspec.json.encode(saying.choice).decode()
        return str(saying.user_id), int(lease * 1e6), here, saying.choice.rev, choice, saying.is_change


@dataclass(frozen=True, slots=True)
class _Stepped:
    rev: int
    heard: Heard


_here = msgspec.json.Decoder(Here)
_choice = msgspec.json.Decoder(Choice)


def _read(answer: Any) -> _Stepped:
    rev, now, is_full, is_forgotten, people, typing, viewing = answer
    found: dict[int, PersonHere | None] = {}
    seen: dict[int, Micros] = {}
    for user_id, seen_at, choice, places in people:
        seen[int(user_id)] = int(seen_at)
        chosen = _choice.decode(choice) if choice else UNCHOSEN
        found[int(user_id)] = combined(chosen, [_here.decode(place) for place in places], seen=int(seen_at))
    types = [_read_mark(TypingMark, member, age, beside="thread_id") for member, age in _aged(typing, int(rev))]
    looks = [_read_mark(ViewingMark, member, age, beside="desk_id") for member, age in _aged(viewing, int(rev))]
    return _Stepped(int(rev), Heard(int(now), bool(is_full), bool(is_forgotten), found, seen, types, looks))


def _spelled(mark: TypingMark) -> str:
    return f"{mark.channel_id}:{mark.user_id}:{mark.head}:{mark.is_on and 1 + mark.is_uploading:d}"


def _aged(scored: Sequence[bytes], rev: int) -> Iterator[tuple[bytes, float]]:
    for member, score in zip(scored[::2], scored[1::2], strict=True):
        yield member, max(0.0, (rev - float(score)) / 1e6)


def _read_mark(kind: type[Mark], member: bytes, age_seconds: float, *, beside: str) -> Mark:
    channel_id, user_id, head, is_on, number = map(int, [*member.split(b":"), b"0"][:5])
    return kind(channel_id, user_id, head, is_on > 0, age_seconds, is_on > 1, **{beside: number})
