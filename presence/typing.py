"""Who is typing where, as this process has heard: each name lasts a few seconds, and ends with a message of that person."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from presence.roster import TypingMark


@dataclass(frozen=True, slots=True)
class TypingNow:
    """Everyone typing in a channel, and who of them uploads; `head` is the highest number at which any of them said so."""

    user_ids: tuple[int, ...]
    head: int
    uploading: tuple[int, ...] = ()


class Typists:
    def __init__(self, *, lasts_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lasts = lasts_seconds
        self._clock = clock
        #: channel → user → (until when, the number at which it was said, whether it is an upload)
        self._until: dict[int, dict[int, tuple[float, int, bool]]] = {}
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
                if self._end(mark.channel_id, mark.user_id):
                    touched.add(mark.channel_id)
            else:
                self._until.setdefault(mark.channel_id, {})[mark.user_id] = (until, mark.head, mark.is_uploading)
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
            for channel_id, typing in self._until.items()
            for user_id, (until, *_) in typing.items()
            if until <= now
        ]
        for channel_id, user_id in over:
            self._end(channel_id, user_id)
        return {channel_id for channel_id, _ in over}

    def end_everywhere(self, user_id: int) -> set[int]:
        """The person has gone, or has become invisible; returns the channels in which they were typing."""
        return {channel_id for channel_id in list(self._until) if self._end(channel_id, user_id)}

    def now_in(self, channel_id: int) -> TypingNow:
        typing = self._until.get(channel_id, {})
        uploading = tuple(sorted(user_id for user_id, (*_, is_uploading) in typing.items() if is_uploading))
        return TypingNow(tuple(sorted(typing)), max((head for _, head, _ in typing.values()), default=0), uploading)

    def _end(self, channel_id: int, user_id: int) -> bool:
        typing = self._until.get(channel_id)
        if typing is None or typing.pop(user_id, None) is None:
            return False
        if not typing:
            del self._until[channel_id]
        return True
