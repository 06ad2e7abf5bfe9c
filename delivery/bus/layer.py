"""The channel layer between the web processes: one layer channel a process, announcements in and out, all of it losable.

Hears itself: an echo to own groups twice a second says whether announcements arrive, since neither the layer nor Redis tells.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from delivery import metrics
from delivery.blocked_imports import blocked
from delivery.breaker import Breaker, BreakerOpen
from delivery.bus import groups
from delivery.bus.announcements import EVENT_TYPE, Announcement, Changed, event_beginning, event_of, group_of, unpack
from delivery.bus.shards import Shards
from delivery.live.batches import batched
from delivery.tasks import Nursery, beat, end

# For announcements that are encrypted, which ours are not.
with blocked("cryptography"):
    import channels_redis.serializers  # noqa: F401 (Channels loads the layer by its name, later)

logger = logging.getLogger("gapless.bus")

ECHO_SECONDS = 0.5
#: Without an echo of its own for so many seconds, the bus counts as deaf to others too. Others' changes are promised within 2 s.
DEAF_AFTER_SECONDS = 1.2
#: After so many deaf seconds the layer's connections are replaced by new ones.
REBUILD_AFTER_SECONDS = 6
#: A socket that begins to follow a channel waits so long for the subscription; the position check heals a lost one.
SUBSCRIBE_SECONDS = 0.5
#: ...and so much longer for each further group; seconds.
SUBSCRIBE_EACH_SECONDS = 0.001
#: Announcements that waited for Redis for so many seconds are dropped: by then other processes have read the rows.
STALE_SECONDS = 2
#: One announcement goes at once; those of the next so many seconds go together, because each PUBLISH costs much.
TOGETHER_SECONDS = 0.01
#: Changes in one announcement: under load, or over a slow line, many wait and go together.
MOST_MERGED = 200
#: For the log: whatever the error is, it means that.
_AWAY = {"away": "Redis"}


_deliver_seconds = metrics.deliver_seconds.labels("other")


@dataclass(slots=True)
class _Waiting:
    """An announcement that waits to be sent; later ones of the same channel are merged into it."""

    announcement: Announcement
    since: float
    #: By the clock that other machines have, too: for how long it took, never for an order.
    announced_at: float


class Bus:
    def __init__(self, layer: Any, receive: Callable[[Announcement], None], nursery: Nursery) -> None:
        self._layer = layer
        self._nursery = nursery
        self._receive = receive
        self._id = secrets.token_hex(8)
        # Without the first byte, which counts what follows.
        self._own_beginning = layer.serialize(event_beginning(self._id))[1:]
        self._shards = Shards(layer)
        #: When an echo was heard last, by the own group of each shard.
        self._heard_at = dict.fromkeys(self._shards.one_on_each(f"process.{self._id}"), 0.0)
        self._wanted: set[str] = set(self._heard_at)
        self._subscribed: set[str] = set()
        self._channel_name: str | None = None
        self._waiting: deque[_Waiting] = deque()
        self._mergeable: dict[int, _Waiting] = {}
        self._wake = asyncio.Event()
        self._deafened = asyncio.Event()
        self._hearing: asyncio.Task[None] | None = None
        self._breakers = [
            Breaker(f"redis_layer{number or ''}", failures=1, pause_seconds=1) for number in range(len(self._shards))
        ]

    @property
    def is_hearing(self) -> bool:
        """Whether the bus hears every shard, judging by the echoes of its own announcements."""
        return self._deaf_seconds < DEAF_AFTER_SECONDS

    async def hears_for(self, seconds: float) -> None:
        """Waits for `seconds`, but returns early when the bus becomes deaf."""
        until = time.monotonic() + seconds
        while self.is_hearing and (left := until - time.monotonic()) > 0:
            self._deafened.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._deafened.wait(), min(left, DEAF_AFTER_SECONDS - self._deaf_seconds))

    @property
    def _deaf_seconds(self) -> float:
        return time.monotonic() - min(self._heard_at.values())

    def _heard_until(self, moment: float) -> None:
        self._heard_at = dict.fromkeys(self._heard_at, moment)

    async def start(self) -> None:
        """Subscribes once before it returns, if Redis is there; else it keeps trying in the background."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._subscribe(), SUBSCRIBE_SECONDS)
            self._heard_until(time.monotonic())
        self._hearing = self._nursery.keep(self._hear)
        self._nursery.keep(self._speak)
        self._nursery.keep(self._watch)

    async def stop(self) -> None:
        """Closes the layer's connections, within 2 s. Call it after the nursery has ended the tasks of the bus."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._layer.flush(), 2)

    def announce(self, announcement: Announcement) -> None:
        """Sends the announcement to all processes that listen, in order; it is lost if Redis is away or slow."""
        if isinstance(announcement, Changed):
            last = self._mergeable.get(announcement.channel_id)
            if (
                last is not None
                and isinstance(last.announcement, Changed)
                and _follows(last.announcement, announcement)
            ):
                last.announcement = _merged(last.announcement, announcement)
                return
        waiting = _Waiting(announcement, time.monotonic(), time.time())
        if isinstance(announcement, Changed):
            self._mergeable[announcement.channel_id] = waiting
        self._waiting.append(waiting)
        self._wake.set()

    async def listen(self, wanted: Sequence[str]) -> None:
        """Receives announcements of these groups from now on; waits for the subscriptions, at most a bounded time."""
        new = [group for group in wanted if group not in self._wanted]
        self._wanted.update(new)
        if new and self._channel_name is not None and self.is_hearing:
            seconds = SUBSCRIBE_SECONDS + len(new) * SUBSCRIBE_EACH_SECONDS
            with contextlib.suppress(Exception):
                await asyncio.wait_for(asyncio.shield(self._add_all(new)), seconds)

    async def forget(self, unwanted: Sequence[str]) -> None:
        self._wanted.difference_update(unwanted)
        for some in batched(unwanted, groups.GROUPS_A_COMMAND):
            # What is wanted again since the last of them stays.
            old = [group for group in some if group in self._subscribed and group not in self._wanted]
            if old and self._channel_name is not None:
                self._subscribed.difference_update(old)
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(groups.leave(self._layer, old, self._channel_name), SUBSCRIBE_SECONDS)

    # ---- tasks ----

    async def _subscribe(self) -> None:
        self._subscribed.clear()
        groups.hear(self._layer, self._nursery)
        self._channel_name = await self._layer.new_channel("process!")
        groups.leave_out(self._layer, self._channel_name, self._own_beginning)
        await self._subscribe_to_the_rest()

    async def _subscribe_to_the_rest(self) -> None:
        await self._add_all(list(self._wanted - self._subscribed))

    async def _add_all(self, wanted: Sequence[str]) -> None:
        failed: Exception | None = None
        for mine in self._shards.apart(wanted):
            # One that is away keeps nobody from hearing the others.
            try:
                await self._add_to_one(mine)
            except Exception as error:
                failed = error
        if failed is not None:
            raise failed

    async def _add_to_one(self, wanted: Sequence[str]) -> None:
        for some in batched(wanted, groups.GROUPS_A_COMMAND):
            assert self._channel_name is not None
            await groups.join(self._layer, some, self._channel_name)
            self._subscribed.update(some)
            # Nothing that is awaited here lets others in.
            await asyncio.sleep(0)

    async def _hear(self) -> None:
        while True:
            try:
                if self._channel_name is None:
                    await self._subscribe()
                event = await self._layer.receive(self._channel_name)
            except Exception as error:
                logger.warning("Redis carries no announcements: %r", error, extra=_AWAY)
                await self._rebuild()
                await asyncio.sleep(1)
            else:
                self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        if "echo" in event:
            self._heard_at[event["echo"]] = time.monotonic()
        elif event.get("process") != self._id:
            try:
                announcement = unpack(event["packed"])
                self._receive(announcement)
                if isinstance(announcement, Changed) and "at" in event:
                    _deliver_seconds.observe(max(0.0, time.time() - event["at"]))
            except Exception:
                # Of a newer version, say. The rows say the same.
                logger.exception("an announcement could not be taken")

    async def _speak(self) -> None:
        sent_at = -TOGETHER_SECONDS
        while True:
            await self._wake.wait()
            # One that comes alone needs no timer.
            if (too_early := sent_at + TOGETHER_SECONDS - time.monotonic()) > 0:
                await asyncio.sleep(too_early)
            self._wake.clear()
            while self._waiting:
                waiting = self._waiting.popleft()
                announcement = waiting.announcement
                if isinstance(announcement, Changed) and self._mergeable.get(announcement.channel_id) is waiting:
                    del self._mergeable[announcement.channel_id]
                if time.monotonic() - waiting.since < STALE_SECONDS:
                    event = event_of(announcement, process=self._id, announced_at=waiting.announced_at)
                    await self._send(group_of(announcement), event)
            sent_at = time.monotonic()

    async def _watch(self) -> None:
        while True:
            for group in self._heard_at:
                await self._send(group, {"type": EVENT_TYPE, "echo": group})
            await beat(ECHO_SECONDS)
            if self._deaf_seconds > REBUILD_AFTER_SECONDS:
                logger.warning("no echo from Redis for %s s: connecting anew", REBUILD_AFTER_SECONDS, extra=_AWAY)
                await self._start_over()
            elif self._channel_name is not None and not self._wanted <= self._subscribed:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(self._subscribe_to_the_rest(), SUBSCRIBE_SECONDS)

    async def _start_over(self) -> None:
        await end([self._hearing] if self._hearing else [])
        await self._rebuild()
        self._hearing = self._nursery.keep(self._hear)
        await asyncio.sleep(REBUILD_AFTER_SECONDS)

    async def _rebuild(self) -> None:
        self._channel_name = None
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._layer.flush(), 3)

    async def _send(self, group: str, event: dict[str, Any]) -> None:
        try:
            with self._breakers[self._shards.of(group)].attempt(counts=(Exception,)):
                await self._layer.group_send(group, event)
        except BreakerOpen:
            return
        except Exception as error:
            self._heard_until(0.0)
            self._deafened.set()
            metrics.announcements_lost.inc()
            logger.warning("an announcement was lost, others read the rows: %r", error, extra=_AWAY)


def _follows(first: Changed, second: Changed) -> bool:
    return first.head == second.after and len(first.changes) + len(second.changes) <= MOST_MERGED


def _merged(first: Changed, second: Changed) -> Changed:
    changes = [*first.changes, *second.changes]
    return Changed(channel_id=first.channel_id, after=first.after, head=second.head, changes=changes)
