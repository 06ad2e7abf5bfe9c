"""Who is typing where, as this process has heard: each name lasts a few seconds, and ends with a message of that person.

A person types at one place of a channel, in it or in one of its threads: at the one that was said last.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from presence.roster import TypingMark


@dataclass(frozen=True, slots=True)
class TypingNow:
    """Everyone typing at one place, and who of them uploads."""

    user_ids: tuple[int, ...] = ()
    uploading: tuple[int, ...] = ()


class _Said(NamedTuple):
    until: float
    head: int
    is_uploading: bool
    thread_id: int


class Typists:
    def __init__(self, *, lasts_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lasts = lasts_seconds
        self._clock = clock
        #: channel → user → what was said last
        self._typing: dict[int, dict[int, _Said]] = {}
        #: (channel, user) → (the number of the person's newest message, until when it matters)
        self._said: dict[tuple[int, int], tuple[int, float]] = {}

    def take(self, marks: Iterable[TypingMark]) -> set[int]:
        """What was heard, in its order; returns the channels in which somebody began, goes on or stopped."""
        now = self._clock()
        touched: set[int] = set()
        for mark in marks:
            until = now + self._lasts - mark.age_seconds
            is_answered = self._said.get((mark.channel_id, mark.user_id), (-1, 0.0))[0] > mark.head
            if not mark.is_on or is_answered or until <= now:
                if self._is_at(mark) and self._end(mark.channel_id, mark.user_id):
                    touched.add(mark.channel_id)
            else:
                said = _Said(until, mark.head, mark.is_uploading, mark.thread_id)
                self._typing.setdefault(mark.channel_id, {})[mark.user_id] = said
                touched.add(mark.channel_id)
        return touched

    def end_by_message(self, channel_id: int, user_id: int, *, number: int) -> bool:
        """What was typed has become a message: what was said of the typing before it counts no more. True if it showed."""
        self._said[channel_id, user_id] = (number, self._clock() + self._lasts)
        return self._end(channel_id, user_id)

    def lapse(self) -> set[int]:
        """Ends what has not been said again in time; returns the channels in which that happened."""
        now = self._clock()
        for key in [key for key, (_, until) in self._said.items() if until <= now]:
            del self._said[key]
        over = [
            (channel_id, user_id)
            for channel_id, typing in self._typing.items()
            for user_id, said in typing.items()
            if said.until <= now
        ]
        for channel_id, user_id in over:
            self._end(channel_id, user_id)
        return {channel_id for channel_id, _ in over}

    def end_everywhere(self, user_id: int) -> set[int]:
        """The person has gone, or has become invisible; returns the channels in which they were typing."""
        return {channel_id for channel_id in list(self._typing) if self._end(channel_id, user_id)}

    def now_in(self, channel_id: int) -> dict[int, TypingNow]:
        """By the thread's root, 0 for the channel itself; only the places at which somebody types."""
        typing = sorted(self._typing.get(channel_id, {}).items())
        return {
            thread_id: TypingNow(
                tuple(user_id for user_id, said in typing if said.thread_id == thread_id),
                tuple(user_id for user_id, said in typing if said.thread_id == thread_id and said.is_uploading),
            )
            for thread_id in {said.thread_id for _, said in typing}
        }

    def head_of(self, channel_id: int) -> int:
        """The highest number at which anybody who types there said so."""
        return max((said.head for said in self._typing.get(channel_id, {}).values()), default=0)

    def _is_at(self, mark: TypingMark) -> bool:
        said = self._typing.get(mark.channel_id, {}).get(mark.user_id)
        return said is not None and said.thread_id == mark.thread_id

    def _end(self, channel_id: int, user_id: int) -> bool:
        typing = self._typing.get(channel_id)
        if typing is None or typing.pop(user_id, None) is None:
            return False
        if not typing:
            del self._typing[channel_id]
        return True
