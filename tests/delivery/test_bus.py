"""The bus over a real channel layer and a real Valkey: subscriptions, merging, hearing itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from channels.layers import get_channel_layer
from django.conf import settings
from redis import asyncio as aioredis

from delivery.bus import layer as bus_module
from delivery.bus.announcements import EVERYBODY, Announcement, Change, Changed, Opened, channel_group
from delivery.bus.layer import Bus
from delivery.tasks import Nursery
from tests.stage.servers import EXPECT_SECONDS, expect


def changed(channel_id: int, rev: int) -> Changed:
    return Changed(channel_id=channel_id, after=rev - 1, head=rev, changes=[Change(rev=rev, key=rev, raw=b"{}")])


@pytest.fixture
async def buses() -> AsyncIterator[tuple[Bus, Bus, list[Announcement]]]:
    heard: list[Announcement] = []
    layer = get_channel_layer()
    nursery = Nursery()
    speaking, listening = Bus(layer, lambda announcement: None, nursery), Bus(layer, heard.append, nursery)
    await speaking.start()
    await listening.start()
    yield speaking, listening, heard
    await nursery.end()
    await speaking.stop()
    await listening.stop()


Pair = tuple[Bus, Bus, list[Announcement]]


async def test_an_announcement_is_heard_by_every_process_that_listens(buses: Pair) -> None:
    speaking, listening, heard = buses
    await listening.listen([channel_group(5)])
    await listening.listen([EVERYBODY])
    opened = Opened(user_id=7, channel_id=5, action="joined")
    for announcement in (changed(5, 1), changed(6, 1), opened):
        speaking.announce(announcement)
    await expect(lambda: heard == [changed(5, 1), opened])
    await listening.forget([channel_group(5)])
    speaking.announce(changed(5, 2))
    speaking.announce(opened)
    await expect(lambda: heard[2:] == [opened])


async def commands(asking: Callable[[], Awaitable[None]]) -> dict[str, int]:
    """How many of each command Redis got meanwhile."""
    redis = aioredis.Redis.from_url(settings.REDIS_URL)

    async def counted() -> dict[str, int]:
        return {name: row["calls"] for name, row in (await redis.info("commandstats")).items()}

    before = await counted()
    await asking()
    after = await counted()
    await redis.aclose()
    return {name.removeprefix("cmdstat_"): calls - before.get(name, 0) for name, calls in after.items()}


async def test_many_channels_are_listened_to_and_let_go_of_with_a_command_for_all(buses: Pair) -> None:
    speaking, listening, heard = buses
    channels = [channel_group(number) for number in range(1, 400)]
    asked = await commands(lambda: listening.listen(channels))
    assert asked["subscribe"] <= 3
    for number in (1, 200, 399):
        speaking.announce(changed(number, 1))
    await expect(lambda: heard == [changed(1, 1), changed(200, 1), changed(399, 1)])
    asked = await commands(lambda: listening.forget(channels[1:]))
    assert asked["unsubscribe"] <= 3
    for number in (200, 399, 1):
        speaking.announce(changed(number, 2))
    await expect(lambda: heard[3:] == [changed(1, 2)])
    # What was let go of can be listened to again.
    await listening.listen(channels)
    speaking.announce(changed(399, 3))
    await expect(lambda: heard[4:] == [changed(399, 3)])


async def test_what_waits_goes_together(buses: Pair) -> None:
    speaking, listening, heard = buses
    await listening.listen([channel_group(5)])
    for rev in range(1, 101):
        speaking.announce(changed(5, rev))
    await expect(lambda: heard and heard[-1].head == 100)  # type: ignore[union-attr]
    assert len(heard) <= 3
    revs = [change.rev for each in heard if isinstance(each, Changed) for change in each.changes]
    assert revs == list(range(1, 101))


async def test_what_a_process_has_announced_itself_is_not_even_decoded(
    buses: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaking, listening, heard = buses
    await listening.listen([channel_group(5)])
    decoded: list[object] = []
    decode = listening._layer.deserialize
    monkeypatch.setattr(
        listening._layer, "deserialize", lambda data: (event := decode(data), decoded.append(event.get("process")))[0]
    )
    listening.announce(changed(5, 1))
    speaking.announce(changed(5, 2))
    await expect(lambda: heard == [changed(5, 2)])
    assert listening._id not in decoded
    assert speaking._id in decoded


async def test_a_timer_is_set_only_for_what_follows_an_announcement_too_early(
    buses: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaking, listening, heard = buses
    await listening.listen([channel_group(5)])
    long, sleep, slept = 20, asyncio.sleep, list[float]()

    async def noted(seconds: float) -> None:
        slept.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(bus_module.asyncio, "sleep", noted)
    monkeypatch.setattr(bus_module, "TOGETHER_SECONDS", long)
    speaking.announce(changed(5, 1))
    await expect(lambda: heard)
    speaking.announce(changed(5, 2))
    await expect(lambda: any(seconds > long / 2 for seconds in slept))
    assert max(slept) < long, "it waits for the rest of the time only: the first one set no timer"


async def test_what_does_not_follow_is_not_merged(buses: Pair) -> None:
    speaking, listening, heard = buses
    await listening.listen([channel_group(5)])
    for rev in (1, 3, 4):
        speaking.announce(changed(5, rev))
    await expect(lambda: len(heard) == 2)
    assert [(each.after, each.head) for each in heard if isinstance(each, Changed)] == [(0, 1), (2, 4)]


async def test_a_subscription_that_was_missed_is_made_up_for(buses: Pair) -> None:
    speaking, listening, heard = buses
    # As when Redis was away at that moment.
    listening._wanted.add(channel_group(5))

    async def is_heard() -> bool:
        speaking.announce(changed(5, 1))
        await asyncio.sleep(0.05)
        return bool(heard)

    await expect(is_heard)


async def test_it_hears_itself(buses: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    speaking, _, _ = buses
    assert speaking.is_hearing
    monkeypatch.setattr(bus_module, "DEAF_AFTER_SECONDS", 0)
    assert not speaking.is_hearing


async def test_who_waits_for_deafness_is_told_at_once(buses: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    speaking, _, _ = buses

    async def fail(*_: object) -> None:
        raise OSError("Redis is gone")

    waiting = asyncio.create_task(speaking.hears_for(60))
    await asyncio.sleep(0)
    monkeypatch.setattr(speaking._layer._get_layer()._shards[0], "publish", fail)
    await asyncio.wait_for(waiting, EXPECT_SECONDS)
    assert not speaking.is_hearing


async def test_nobody_waits_for_deafness_longer_than_they_want(buses: Pair) -> None:
    speaking, _, _ = buses
    await asyncio.wait_for(speaking.hears_for(0.05), EXPECT_SECONDS)
    assert speaking.is_hearing


async def test_what_cannot_be_understood_ends_nothing(buses: Pair) -> None:
    speaking, listening, heard = buses
    await listening.listen([channel_group(5)])
    layer = get_channel_layer()
    await layer.group_send(channel_group(5), {"type": "gapless.announce", "process": "", "packed": b"from the future"})
    speaking.announce(changed(5, 1))
    await expect(lambda: heard == [changed(5, 1)])
