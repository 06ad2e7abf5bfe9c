"""What was deleted without a number is not replayed from what a process still remembers, once it was told, or after minutes."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Channel, Message
from delivery.bus.announcements import Passing
from delivery.live.channel import RECENT_SECONDS, LiveChannel
from delivery.node import Node
from tests.conftest import Cast, in_thread, said
from tests.stage.listeners import Listener
from tests.stage.nodes import come_in

GONE, KEPT = "kept for a day", "kept for a year"


@pytest.fixture
async def channel(node: Node, follow: Any, cast: Cast) -> LiveChannel:
    """As this process follows it."""
    await follow(cast, cast.alice)
    return node.hub.channels[cast.team.pk]


async def say(node: Node, cast: Cast, *words: str) -> None:
    for body in words:
        await in_thread(said, cast.alice, cast.team, body)
    await node.gaps.repair(node.hub.channels[cast.team.pk])


def delete(channel: LiveChannel) -> None:
    # As pruning and an erasure do: without a number.
    Message.objects.filter(channel=channel.id, body=GONE).delete()


def told(channel: LiveChannel, *, outdated: int) -> Passing:
    return Passing(channel_id=channel.id, head=outdated, raw=b"{}", outdated=outdated)


async def replayed(node: Node, cast: Cast, *, held: int, head: int) -> list[str]:
    """What bob hears, who returns with this number."""
    listener = Listener()
    socket = await come_in(node, cast.bob, listener)
    states = await node.catching_up.sync(socket, {cast.team.pk: held})
    assert (states[cast.team.pk].head, states[cast.team.pk].resync) == (head, False)
    assert not listener.has_a_gap
    return listener.bodies


async def test_after_minutes_it_is_not_replayed_even_if_nothing_was_told(
    node: Node, channel: LiveChannel, cast: Cast
) -> None:
    held = channel.position
    await say(node, cast, GONE, KEPT)
    await in_thread(delete, channel)
    node.hub.forget_idle(now=0.0)
    node.hub.forget_idle(now=RECENT_SECONDS - 1.0)
    assert await replayed(node, cast, held=held, head=held + 2) == [GONE, KEPT]
    node.hub.forget_idle(now=float(RECENT_SECONDS))
    assert await replayed(node, cast, held=held, head=held + 2) == [KEPT]


async def test_it_is_not_replayed_once_the_process_was_told(node: Node, channel: LiveChannel, cast: Cast) -> None:
    held = channel.position
    await say(node, cast, GONE, KEPT)
    await in_thread(delete, channel)
    node.receive(told(channel, outdated=held + 2))
    assert await replayed(node, cast, held=held, head=held + 2) == [KEPT]
    # What is said from then on is remembered again.
    await say(node, cast, "new")
    assert [change.rev for change in channel.since(0)] == [held + 3]
    assert await replayed(node, cast, held=held, head=held + 3) == [KEPT, "new"]


async def test_a_process_that_was_not_told_finds_the_floor_in_the_rows(
    node: Node, channel: LiveChannel, cast: Cast
) -> None:
    held = channel.position
    await say(node, cast, GONE, KEPT)
    await in_thread(delete, channel)
    await in_thread(Channel.objects.filter(pk=cast.team.pk).update, floor=held + 1)
    assert await replayed(node, cast, held=held, head=held + 2) == [GONE, KEPT]
    await node.check_positions()
    assert await replayed(node, cast, held=held, head=held + 2) == [KEPT]
    # What has a row is still in memory.
    assert [change.rev for change in channel.since(0)] == [held + 2]


async def test_rows_that_were_read_before_the_deletion_and_come_after_it_are_not_remembered(
    node: Node, channel: LiveChannel, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = channel.position
    for body in (GONE, KEPT):
        await in_thread(said, cast.alice, cast.team, body)
    read = node.source.changes_since

    def read_just_before(*asked: Any, **limits: Any) -> Any:
        missed = read(*asked, **limits)
        delete(channel)
        asyncio.run_coroutine_threadsafe(hear(told(channel, outdated=held + 2)), loop).result()
        return missed

    async def hear(passing: Passing) -> None:
        node.receive(passing)

    loop = asyncio.get_running_loop()
    with monkeypatch.context() as patched:
        patched.setattr(node.source, "changes_since", read_just_before)
        await node.gaps.repair(channel)
    assert channel.position == held + 2
    assert await replayed(node, cast, held=held, head=held + 2) == [KEPT]


async def test_a_replay_under_way_loses_nothing_when_the_process_forgets(
    node: Node, channel: LiveChannel, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = channel.position
    listener = Listener()
    socket = await come_in(node, cast.bob, listener)
    # The process has not heard of it, and is told to forget a part: the client is given the rows.
    await in_thread(said, cast.alice, cast.team, "first")
    channel.forget(held + 1)
    repair: Callable[..., Any] = node.gaps.repair

    async def repair_and_forget(behind: LiveChannel) -> None:
        for body in (GONE, KEPT):
            await in_thread(said, cast.alice, cast.team, body)
        await repair(behind)
        await in_thread(delete, channel)
        node.receive(told(channel, outdated=held + 3))

    monkeypatch.setattr(node.gaps, "repair", repair_and_forget)
    states = await node.catching_up.sync(socket, {cast.team.pk: held})
    assert (states[cast.team.pk].head, states[cast.team.pk].resync) == (held + 3, False)
    assert listener.bodies == ["first", KEPT]
    assert not listener.has_a_gap
