"""A client that returns after minutes is served from the rows, not from what a process still remembers."""

from typing import Any

from chat.models import Message
from delivery.live.channel import RECENT_SECONDS
from delivery.node import Node
from tests.conftest import Cast, in_thread, said
from tests.stage.listeners import Listener
from tests.stage.nodes import come_in


async def test_what_was_pruned_or_erased_is_not_replayed_from_memory(node: Node, follow: Any, cast: Cast) -> None:
    await follow(cast, cast.alice)
    channel = node.hub.channels[cast.team.pk]
    held = channel.position
    for body in ("kept for a day", "kept for a year"):
        await in_thread(said, cast.alice, cast.team, body)
    await node.gaps.repair(channel)
    # As pruning and an erasure do: without a number.
    await in_thread(Message.objects.filter(body="kept for a day").delete)

    async def replayed() -> list[str]:
        listener = Listener()
        socket = await come_in(node, cast.bob, listener)
        states = await node.catching_up.sync(socket, {cast.team.pk: held})
        assert (states[cast.team.pk].head, states[cast.team.pk].resync) == (held + 2, False)
        assert not listener.has_a_gap
        return listener.bodies

    node.hub.forget_idle(now=0.0)
    node.hub.forget_idle(now=RECENT_SECONDS - 1.0)
    assert await replayed() == ["kept for a day", "kept for a year"]
    node.hub.forget_idle(now=float(RECENT_SECONDS))
    assert await replayed() == ["kept for a year"]
