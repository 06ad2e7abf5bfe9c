"""A user who reads missed changes on all their sockets at once keeps no other user waiting."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from chat import services
from chat.live.source import ChatSource
from delivery.node import Node
from delivery.source import Missed
from tests.conftest import Cast, in_thread, said
from tests.stage.nodes import greeted
from tests.stage.servers import expect


async def test_one_person_s_sockets_wait_for_each_other_and_others_do_not(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await in_thread(lambda: services.open_channel(cast.alice, name="other", members=[]))
    for n in range(3):
        await in_thread(said, cast.alice, cast.team, f"{n}")
        await in_thread(said, cast.alice, other, f"{n}")
    begun: list[int] = []
    may_go_on = threading.Event()
    read = ChatSource.changes_of

    def slowly(source: ChatSource, held: Mapping[int, int], *, limit: int) -> dict[int, Missed]:
        begun.extend(held)
        assert may_go_on.wait(10)
        return read(source, held, limit=limit)

    monkeypatch.setattr(ChatSource, "changes_of", slowly)
    bobs = [await greeted(node, cast.bob) for _ in range(6)]
    alices, heard = await greeted(node, cast.alice)
    syncs: list[asyncio.Task[Any]] = [
        asyncio.create_task(node.catching_up.sync(socket, {cast.team.pk: 2})) for socket, _ in bobs
    ]
    await expect(lambda: begun)
    syncs.append(asyncio.create_task(node.catching_up.sync(alices, {other.pk: 1})))
    await expect(lambda: other.pk in begun)
    # Of two threads one.
    assert begun.count(cast.team.pk) == 1
    may_go_on.set()
    await asyncio.gather(*syncs)
    for _, listener in bobs:
        assert listener.bodies == ["0", "1", "2"]
    assert heard.bodies == ["0", "1", "2"]
