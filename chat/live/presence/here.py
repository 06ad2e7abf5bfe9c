"""Presence of one web process: tells Redis who is here, reads who is elsewhere, tells the sockets, and sometimes writes the rows.

One call to Redis twice a second, however many people come and go; no request and no command waits for Redis.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence, Set

import msgspec
from django.conf import settings

from chat import shapes
from chat.live.presence.contact import Contact
from chat.live.presence.noting import Seen, Sightings
from chat.live.presence.pushes import Pushes
from chat.live.presence.typing_pushes import TypingPushes
from chat.live.presence.viewing import Viewing
from chat.models import User
from chat.services import note_seen
from delivery.breaker import Breaker, BreakerOpen
from delivery.bus.announcements import About, Announcement, Changed, Opened
from delivery.live.socket import Socket
from delivery.node import Node
from delivery.redis import REDIS_AWAY, loop_client
from delivery.service_errors import DATABASE_AWAY
from delivery.tasks import beat
from delivery.wire.frames import PersonState
from presence.everyone import Everyone, News
from presence.local import Own
from presence.people import INVISIBLE, OFFLINE, Choice
from presence.roster import Heard, Roster, TypingMark, Update
from presence.typing import Typists

logger = logging.getLogger("gapless.presence")

#: Between two calls to Redis.
TICK_SECONDS = 0.5
#: Channels that open or end are read from the rows first: so long after the announcement a person's channels are looked at again.
LOOK_AGAIN_SECONDS = 3.0
#: What reading the choices of all people here may take, before they are said as they were known.
CHOICES_SECONDS = 1.0

_choice = msgspec.msgpack.Decoder(Choice)


class ProcessPresence:
    """Belongs to one event loop. `kept_from` says from whom a block keeps a user. `clock` is monotonic."""

    def __init__(
        self,
        node: Node,
        *,
        kept_from: Callable[[int], Set[int]],
        roster: Roster | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node = node
        self._clock = clock
        self.roster = roster or _roster()
        self.own = Own(self._heads_of)
        self.view = Everyone(flap_seconds=settings.LIMITS.flap_seconds)
        self.typing = Typists(lasts_seconds=settings.LIMITS.typing_seconds, clock=clock)
        self.pushes = Pushes(node.hub, self.view, self.own, clock=clock)
        self.typing_pushes = TypingPushes(node.hub, self.typing, self.own, kept_from, clock=clock)
        self.viewing = Viewing(node.hub, clock=clock)
        self.seen = Seen(self.own, self.view, clock=clock)
        self._contact = Contact(clock())
        self._breaker = Breaker("redis_presence", failures=1, pause_seconds=1, clock=clock)
        self._marks: dict[tuple[int, int], TypingMark] = {}
        self._look_again: dict[int, float] = {}

    async def stop(self) -> None:
        """Says that everybody who is still here leaves, and notes when they were seen."""
        seen = self.seen.take(is_end=True)
        for user_id, person in list(self.own.people.items()):
            for socket in list(person.sockets):
                self.own.left(user_id, socket)
        with contextlib.suppress(BreakerOpen, *REDIS_AWAY):
            await self._breaker.call(lambda: self.roster.step(self.own.update(everybody=False)), counts=REDIS_AWAY)
        await self._write(seen)
        await self.roster.redis.aclose()

    # ---- what happens in this process ----

    def arrived(self, socket: Socket, choice: Choice) -> None:
        self.own.arrived(socket.user_id, socket, choice)

    def left(self, socket: Socket) -> None:
        self.own.left(socket.user_id, socket)
        self.pushes.forget(socket)

    def told_idle(self, socket: Socket, *, is_idle: bool) -> None:
        self.own.told_idle(socket.user_id, socket, is_idle=is_idle)

    def told_typing(
        self, socket: Socket, channel_id: int, *, is_on: bool, thread_id: int = 0, is_uploading: bool = False
    ) -> None:
        """People who switch this off, and invisible people, are not shown typing."""
        person = self.own.people.get(socket.user_id)
        followed = self._node.hub.channels.get(channel_id)
        if person is None or followed is None:
            return
        if is_on and not _may_type(person.choice):
            return
        self._marks[channel_id, socket.user_id] = TypingMark(
            channel_id, socket.user_id, followed.position, is_on, is_uploading=is_uploading, thread_id=thread_id
        )
        if is_on:
            self.seen.typed(channel_id, socket.user_id)

    def chosen(self, user_id: int, choice: Choice) -> None:
        if self.own.chosen(user_id, choice):
            self.pushes.add_own(user_id)
            if not _may_type(choice):
                self.typing_pushes.add(self.typing.end_everywhere(user_id))

    def heard(self, announcement: Announcement) -> None:
        """Takes what processes tell each other, as far as presence needs it."""
        match announcement:
            case About(user_id=user_id, raw=raw):
                self.chosen(user_id, _choice.decode(raw))
            case Opened(user_id=user_id):
                self._look_again_at([user_id])
            case Changed(channel_id=channel_id, changes=changes):
                for change in changes:
                    if change.said_by is not None:
                        self._marks.pop((channel_id, change.said_by), None)
                        if self.typing.end_by_message(channel_id, change.said_by, number=change.rev):
                            self.typing_pushes.add([channel_id])
                    elif change.ends is not None or change.begins is not None:
                        self._look_again_at(user_id for user_id in (change.ends, change.begins) if user_id is not None)

    # ---- what is asked ----

    def state_of(self, user_id: int) -> PersonState:
        """What others see of this person, as far as this process has heard. From any thread."""
        return shapes.state_of(self.view.shown(user_id))

    # ---- twice a second ----

    async def live(self) -> None:
        while True:
            try:
                await self.tick()
            except Exception as error:
                logger.warning("presence: %r", error)
            await beat(TICK_SECONDS)

    async def tick(self) -> None:
        """Says and hears, pushes what is due, and writes what is due."""
        now = self._clock()
        self._look_again_if_due(now)
        is_beat = self._contact.is_beat_due(now)
        if is_beat:
            await self._read_choices()
        update = self.own.update(everybody=is_beat)
        marks, self._marks = list(self._marks.values()), {}
        looks = self.viewing.take_marks()
        try:
            heard = await self._breaker.call(
                lambda: self.roster.step(update, marks, looks, is_beat=is_beat), counts=REDIS_AWAY
            )
        except (BreakerOpen, *REDIS_AWAY):
            self._not_heard(update, now)
        else:
            self._take(heard, now, is_beat=is_beat)
        self.typing_pushes.add(self.typing.lapse())
        self.pushes.push()
        self.typing_pushes.push()
        self.viewing.push()
        if self.seen.is_due():
            # Not awaited: PostgreSQL may be slow, and other people's coming and going must not wait for it.
            self._node.nursery.leave(self._write(self.seen.take()))

    def _take(self, heard: Heard, now: float, *, is_beat: bool) -> None:
        has_settled = self._contact.answered(
            now, is_beat=is_beat, has_forgotten=heard.is_forgotten, knows_people=bool(self.view.people)
        )
        is_complete = has_settled and not heard.is_partial
        if is_beat:
            self.pushes.forget_rosters()
        if not is_complete:
            # Asks for everybody again, until all people who are missing have certainly gone.
            self.roster.forget_what_was_heard()
        was_known = self.view.is_known
        if heard.everybody is None:
            self._tell(self.view.take(heard.batches, heard.now))
        else:
            self._tell(self.view.take_everybody(heard.everybody, heard.now, is_complete=is_complete))
        if self.view.is_known and not was_known:
            self.pushes.forget_rosters()
            self.pushes.push_everything()
        self._take_choices(heard)
        self.typing_pushes.add(self.typing.take(mark for mark in heard.typing if self._is_to_be_seen(mark)))
        self.viewing.heard(heard.viewing)

    def _take_choices(self, heard: Heard) -> None:
        said = [record for batch in heard.batches for record in batch.records]
        said += [kept.record for kept in heard.everybody or ()]
        # Nearly nobody has ever chosen anything.
        for user_id in {record.user_id for record in said if record.choice.rev}:
            person = self.view.people.get(user_id)
            if person is not None:
                if not _may_type(person.choice):
                    self.typing_pushes.add(self.typing.end_everywhere(user_id))
                self.chosen(user_id, person.choice)

    def _not_heard(self, update: Update, now: float) -> None:
        self.own.not_told(update)
        self.roster.forget_what_was_heard()
        is_long_gone = self._contact.lost(now)
        if self.view.is_known and is_long_gone:
            logger.warning("presence is unknown", extra={"away": "Redis"})
            self._tell(self.view.lose())
            self.pushes.forget_rosters()

    def _tell(self, news: Sequence[News]) -> None:
        for one in news:
            if one.shown.status == OFFLINE:
                self.typing_pushes.add(self.typing.end_everywhere(one.user_id))
                self.seen.gone(one.user_id)
        self.pushes.add(news)

    def _is_to_be_seen(self, mark: TypingMark) -> bool:
        person = self.view.people.get(mark.user_id)
        channel = self._node.hub.channels.get(mark.channel_id)
        has_ended = channel is not None and channel.ends.get(mark.user_id, 0) > mark.head
        return person is not None and _may_type(person.choice) and not has_ended

    def _heads_of(self, user_ids: Iterable[int]) -> dict[int, int]:
        hub = self._node.hub
        followed: set[int] = set()
        for user_id in user_ids:
            for socket in hub.sockets_of.get(user_id, ()):
                followed.update(socket.accesses)
        channels = hub.channels
        return {channel_id: channels[channel_id].position for channel_id in followed if channel_id in channels}

    def _look_again_at(self, user_ids: Iterable[int]) -> None:
        until = self._clock() + LOOK_AGAIN_SECONDS
        for user_id in user_ids:
            if user_id in self.own.people:
                self._look_again[user_id] = until

    def _look_again_if_due(self, now: float) -> None:
        if self._look_again:
            self.own.look_again(self._look_again)
            for user_id in self._look_again:
                for socket in self._node.hub.sockets_of.get(user_id, ()):
                    self.pushes.push_new_rosters(socket)
            self._look_again = {user_id: until for user_id, until in self._look_again.items() if until > now}

    async def _read_choices(self) -> None:
        # A choice made meanwhile may not have been heard of here: an invisible person must not show for a moment.
        user_ids = list(self.own.people)
        if user_ids:
            with contextlib.suppress(TimeoutError, *DATABASE_AWAY):
                reading = self._node.threads.read(_choices, user_ids)
                for user_id, choice in (await asyncio.wait_for(reading, CHOICES_SECONDS)).items():
                    self.chosen(user_id, choice)

    async def _write(self, seen: Sightings) -> None:
        if seen.people:
            try:
                await self._node.threads.run(note_seen, seen.people, seen.typed)
            except DATABASE_AWAY:
                self.seen.put_back(seen)


def _roster() -> Roster:
    return Roster(
        loop_client(settings.REDIS_URL),
        present_seconds=settings.LIMITS.present_seconds,
        flap_seconds=settings.LIMITS.flap_seconds,
        typing_seconds=settings.LIMITS.typing_seconds,
    )


def _may_type(choice: Choice) -> bool:
    return choice.shows_typing and choice.status != INVISIBLE


def _choices(user_ids: Sequence[int]) -> dict[int, Choice]:
    return {user.pk: shapes.choice_of(user) for user in User.objects.filter(pk__in=user_ids)}
