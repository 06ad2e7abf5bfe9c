"""Pushes typing to the sockets of this process: the users who type in a channel, when they change and while they continue."""

import time
from collections.abc import Callable, Container, Iterable, Set

from django.conf import settings

from chat.live.presence.pushes import SLACK_SECONDS
from delivery.live.hub import Hub
from delivery.live.peers import Prepared
from delivery.live.socket import Socket
from delivery.wire import codec, frames
from presence.local import Own
from presence.typing import TypingNow, Typists

NOBODY = TypingNow()
#: When it was pushed, and who was named.
NEVER = (float("-inf"), NOBODY)


class TypingPushes:
    """`kept_from` says from whom a block keeps a user."""

    def __init__(
        self,
        hub: Hub,
        typing: Typists,
        own: Own,
        kept_from: Callable[[int], Set[int]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._typing = typing
        self._own = own
        self._kept_from = kept_from
        self._every = settings.LIMITS.presence_push_seconds - SLACK_SECONDS
        self._again = settings.LIMITS.typing_again_seconds - SLACK_SECONDS
        self._clock = clock
        self._touched: set[int] = set()
        #: channel → thread (0: the channel itself) → (when it was pushed, who was named)
        self._pushed: dict[int, dict[int, tuple[float, TypingNow]]] = {}

    def add(self, channel_ids: Iterable[int]) -> None:
        """Who types there is looked at with the next push."""
        self._touched.update(channel_ids)

    def push(self) -> None:
        """What is due by now."""
        now = self._clock()
        for channel_id in list(self._touched):
            typing, pushed = self._typing.now_in(channel_id), self._pushed.get(channel_id, {})
            places = {*typing, *pushed}
            due = {place for place in places if now - pushed.get(place, NEVER)[0] >= self._every}
            if places and not due:
                continue
            followers = self._hub.followers(channel_id, head=self._typing.head_of(channel_id))
            if followers is None:
                continue
            if due == places:
                self._touched.discard(channel_id)
            for thread_id in sorted(due):
                self._push(channel_id, thread_id, typing.get(thread_id, NOBODY), followers)

    def _push(self, channel_id: int, thread_id: int, typing: TypingNow, followers: list[Socket]) -> None:
        now, pushed = self._clock(), self._pushed.setdefault(channel_id, {})
        pushed_at, named = pushed.get(thread_id, NEVER)
        if typing == named and now - pushed_at < self._again:
            # They go on; those who were told know it for some seconds more.
            return
        self._write(channel_id, thread_id, typing, followers)
        if typing.user_ids:
            pushed[thread_id] = (now, typing)
        else:
            pushed.pop(thread_id, None)
        if not pushed:
            del self._pushed[channel_id]

    def _write(self, channel_id: int, thread_id: int, typing: TypingNow, followers: list[Socket]) -> None:
        frame = _frame(channel_id, thread_id, typing, kept_from=())
        for socket in followers:
            person = self._own.people.get(socket.user_id)
            if person is None or person.choice.shows_typing:
                kept_from = self._kept_from(socket.user_id)
                # Encoded once for all but those few who have a block with somebody who types.
                is_all = not kept_from or kept_from.isdisjoint(typing.user_ids)
                socket.write_if_idle(frame if is_all else _frame(channel_id, thread_id, typing, kept_from=kept_from))


def _frame(channel_id: int, thread_id: int, typing: TypingNow, *, kept_from: Container[int]) -> Prepared:
    users, uploading = (
        tuple(user_id for user_id in user_ids if user_id not in kept_from)
        for user_ids in (typing.user_ids, typing.uploading)
    )
    said = frames.Typing(channel=channel_id, users=users, thread=thread_id or None, uploading=uploading)
    return Prepared(codec.encode(said))
