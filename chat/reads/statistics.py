"""The figures of one channel in the last minutes: from the rows; latency and errors from the processes' notes in Redis.

Redis away: latency and errors are unknown. Nothing here is the only copy of anything that matters.
"""

import asyncio
import contextlib
import datetime
import math
from collections import Counter
from collections.abc import Awaitable, Mapping
from typing import Any

from django.conf import settings

from chat import clock, shapes
from chat.models import Channel, Member, Message
from delivery.live.channel_counts import CLASSES_MS, ChannelCounts, CountedChannels
from delivery.redis import REDIS_AWAY, client, key, loop_client
from delivery.tasks import beat

#: Figures are of so many minutes, the current one included.
WINDOW_MINUTES = 5
#: Between two notes of one process.
NOTE_SECONDS = 5
#: Connected people are noted in the rows once a minute; who was seen in this time is active.
ACTIVE_SECONDS = 120
#: What is said of latencies beyond the last class.
_BEYOND_MS = 60_000


def figures_of(channel: Channel) -> shapes.Figures:
    """The figures of a channel: its load, latency and errors."""
    noted = _noted(channel.pk)
    return shapes.Figures(
        window_minutes=WINDOW_MINUTES,
        members=channel.member_count,
        active_members=_active_members(channel.pk),
        messages_last_minute=_messages(channel.pk, minutes=1),
        messages_last_hour=_messages(channel.pk, minutes=60),
        messages_a_minute=round(_messages(channel.pk, minutes=WINDOW_MINUTES) / WINDOW_MINUTES, 1),
        latency_ms=None if noted is None else _quantiles(noted.latencies),
        errors=None if noted is None else dict(noted.errors),
    )


class FigureNotes:
    """Notes every few seconds what this process has counted. Belongs to one event loop."""

    def __init__(self, counted: CountedChannels) -> None:
        self._counted = counted
        self._redis = loop_client(settings.REDIS_URL)

    async def stop(self) -> None:
        with contextlib.suppress(*REDIS_AWAY):
            await self._redis.aclose()

    async def note(self) -> None:
        """What was counted since the last time. Lost when Redis is away: it is of the moment."""
        taken = self._counted.take()
        if taken:
            with contextlib.suppress(*REDIS_AWAY):
                await self._note(taken)

    async def live(self) -> None:
        """For ever."""
        while True:
            await beat(NOTE_SECONDS)
            await self.note()

    async def _note(self, taken: Mapping[int, ChannelCounts]) -> None:
        minute = _this_minute()
        noting: list[Awaitable[Any]] = []
        for channel, figures in taken.items():
            key = _key(channel, minute)
            counted = {f"latency {place}": count for place, count in figures.latencies.items()}
            counted |= {f"error {code}": count for code, count in figures.errors.items()}
            noting += [self._redis.hincrby(key, name, count) for name, count in counted.items()]
            noting.append(self._redis.expire(key, (WINDOW_MINUTES + 1) * 60))
        await asyncio.gather(*noting)


def _key(channel: int, minute: int) -> str:
    return key("figures", channel, minute)


def _this_minute() -> int:
    return int(clock.now().timestamp() // 60)


def _noted(channel: int) -> ChannelCounts | None:
    minute = _this_minute()
    with client(settings.REDIS_URL) as redis:
        pipe = redis.pipeline(transaction=False)
        for back in range(WINDOW_MINUTES):
            pipe.hgetall(_key(channel, minute - back))
        try:
            found: list[dict[bytes, bytes]] = pipe.execute()
        except REDIS_AWAY:
            return None
    noted = ChannelCounts()
    for name, count in (pair for notes in found for pair in notes.items()):
        kind, _, what = name.decode().partition(" ")
        if kind == "latency":
            noted.latencies[int(what)] += int(count)
        else:
            noted.errors[what] += int(count)
    return noted


def _quantiles(latencies: Counter[int]) -> dict[str, int] | None:
    total = sum(latencies.values())
    if not total:
        return None
    return {
        name: _within(latencies, math.ceil(total * share))
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }


def _within(latencies: Counter[int], count: int) -> int:
    seen = 0
    for place, bound in enumerate((*CLASSES_MS, _BEYOND_MS)):
        seen += latencies[place]
        if seen >= count:
            return bound
    return _BEYOND_MS


def _active_members(channel: int) -> int:
    since = clock.now() - datetime.timedelta(seconds=ACTIVE_SECONDS)
    return Member.objects.filter(channel_id=channel, last_seen__gte=since).count()


def _messages(channel: int, *, minutes: int) -> int:
    since = clock.now() - datetime.timedelta(minutes=minutes)
    return Message.objects.filter(channel_id=channel, created_at__gte=since, kind="text").count()
