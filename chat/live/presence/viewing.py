"""Tells the inbox's agents which agents look at a support conversation, as far as this process knows.

The followers of the desk's log get it, never a visitor. Like typing it lasts for seconds, and is dropped for slow sockets.
"""

import time
from collections.abc import Callable, Iterable

from django.conf import settings

from chat.live.presence.pushes import SLACK_SECONDS
from delivery.live.hub import Hub
from delivery.live.peers import Prepared
from delivery.wire import codec, frames
from presence.roster import ViewingMark
from presence.typing import TypingNow, Typists


class Viewing:
    def __init__(self, hub: Hub, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._every = settings.LIMITS.presence_push_seconds - SLACK_SECONDS
        self._again = settings.LIMITS.typing_again_seconds - SLACK_SECONDS
        self._clock = clock
        self._viewers = Typists(lasts_seconds=settings.LIMITS.typing_seconds, clock=clock)
        self._marks: dict[tuple[int, int], ViewingMark] = {}
        #: conversation → the desk that hears of it, for those in which somebody looks or has just stopped
        self._desks: dict[int, int] = {}
        self._touched: set[int] = set()
        #: conversation → (when it was pushed, who was named)
        self._pushed: dict[int, tuple[float, tuple[int, ...]]] = {}

    def told(self, user_id: int, conversation_id: int, *, desk_id: int, is_on: bool) -> None:
        """By a socket of this process: said to all processes with the next call to Redis."""
        followed = self._hub.channels.get(desk_id)
        if followed is not None:
            mark = ViewingMark(conversation_id, user_id, followed.position, is_on, desk_id=desk_id)
            self._marks[conversation_id, user_id] = mark

    def take_marks(self) -> list[ViewingMark]:
        marks, self._marks = list(self._marks.values()), {}
        return marks

    def heard(self, marks: Iterable[ViewingMark]) -> None:
        """What all processes said, this one too. An agent who has left the inbox since is not named."""
        for mark in marks:
            desk = self._hub.channels.get(mark.desk_id)
            if desk is not None and desk.ends.get(mark.user_id, 0) <= mark.head:
                self._desks[mark.channel_id] = mark.desk_id
                self._touched |= self._viewers.take([mark])

    def push(self) -> None:
        """What is due by now."""
        now = self._clock()
        self._touched |= self._viewers.lapse()
        for conversation_id in list(self._touched):
            pushed_at, named = self._pushed.get(conversation_id, (float("-inf"), ()))
            if now - pushed_at >= self._every:
                self._push(conversation_id, now, pushed_at, named)

    def _push(self, conversation_id: int, now: float, pushed_at: float, named: tuple[int, ...]) -> None:
        viewing = self._viewers.now_in(conversation_id).get(0, TypingNow())
        followers = self._hub.followers(self._desks[conversation_id], head=self._viewers.head_of(conversation_id))
        if followers is None:
            return
        self._touched.discard(conversation_id)
        if viewing.user_ids == named and now - pushed_at < self._again:
            # They go on; those who were told know it for some seconds more.
            return
        frame = Prepared(codec.encode(frames.Viewing(channel=conversation_id, users=viewing.user_ids)))
        for socket in followers:
            socket.write_if_idle(frame)
        if viewing.user_ids:
            self._pushed[conversation_id] = (now, viewing.user_ids)
        else:
            self._pushed.pop(conversation_id, None)
            self._desks.pop(conversation_id, None)
