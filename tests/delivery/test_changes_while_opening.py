"""A socket's accesses are read before the process knows its user: changes in between are noticed all the same."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chat import clock, services
from chat.live.node import ChatNode
from chat.live.source import ChatSource
from chat.tools.fill import fill_channel
from delivery.bus.announcements import Opened, Renewed
from delivery.live.accesses import OPENED_REMEMBERED
from delivery.live.peers import Prepared
from delivery.live.socket import socket_for
from delivery.metrics import replay_changes
from delivery.node import Node
from tests.conftest import Cast, in_thread, said
from tests.stage.listeners import Listener
from tests.stage.nodes import greeted, opening_by
from tests.stage.servers import expect


@pytest.mark.parametrize("others", [0, OPENED_REMEMBERED])
async def test_what_opens_for_somebody_who_is_coming_in_is_compared_with_the_rows(
    node: Node, cast: Cast, others: int
) -> None:
    await node.accesses.opened(Opened(user_id=cast.alice.pk, channel_id=1, action="joined"))
    learn, learn_of_alice = node.learning(), node.learning()
    for user_id in (cast.bob.pk, *[-1] * others):
        await node.accesses.opened(Opened(user_id=user_id, channel_id=1, action="joined"))
    sockets = []
    for user, told in ((cast.bob, learn), (cast.alice, learn_of_alice)):
        opening = await in_thread(opening_by, cast.token(user))
        sockets.append(socket_for(opening.login, Listener(), node.limits))
        await node.greet(sockets[-1], opening, told)
    # Of so many that nobody can say any more who was among them, everybody is compared.
    assert [socket.missed_openings for socket in sockets] == [True, others > 0]


async def test_a_block_is_known_of_somebody_who_was_coming_in_when_it_came(transactional_db: None, cast: Cast) -> None:
    node = ChatNode()
    done = await node.openings.turn("")
    learn, opening = node.learning(), await in_thread(opening_by, cast.token(cast.bob))
    await in_thread(services.block_user, cast.bob, whom=cast.alice)
    node.receive(Renewed(user_id=cast.bob.pk))
    await node.greet(socket_for(opening.login, Listener(), node.limits), opening, learn)
    done()
    await expect(lambda: node.blocking.blocked_by(cast.bob.pk) == [cast.alice.pk])
    await node.stop()


async def test_what_a_returning_client_missed_is_counted_a_channel_and_that_nothing_was_too(
    node: Node, cast: Cast
) -> None:
    channels = [await in_thread(partial(services.open_channel, cast.bob, name=f"quiet {n}")) for n in range(3)]
    held = {channel.pk: 1 for channel in channels} | {cast.team.pk: 2}
    await in_thread(said, cast.alice, cast.team, "missed")
    socket, _ = await greeted(node, cast.bob)

    def counted() -> list[float]:
        samples = {
            (sample.name, sample.labels.get("le")): sample.value
            for sample in next(iter(replay_changes.collect())).samples
        }
        name = "gapless_replay_changes"
        return [samples[name + "_bucket", "0.0"], samples[name + "_count", None], samples[name + "_sum", None]]

    before = counted()
    await node.catching_up.sync(socket, held)
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [3, 4, 1]


async def test_what_was_missed_is_read_four_batches_at_a_time_and_written_until_the_access_ends(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = cast.team.head
    written = [(cast.alice.pk, f"missed {n}", clock.now()) for n in range(600)]
    await in_thread(fill_channel, cast.team.pk, written=written)
    reads: list[int] = []
    monkeypatch.setattr(ChatSource, "changes_since", counted_calls(ChatSource.changes_since, reads))
    socket, listener = await greeted(node, cast.bob)
    await node.catching_up.sync(socket, {cast.team.pk: held})
    batches = [len(frame["changes"]) for frame in listener.frames if frame["op"] == "changes"]
    assert (batches, len(reads), listener.has_a_gap) == ([50] * 12, 3, False)
    # What was read before somebody lost the channel is not written after that.
    write, listener.frames = listener.write, []

    def write_and_lose(frame: Prepared) -> None:
        write(frame)
        if len(listener.frames) == 3:
            node.hub.end_access(socket, cast.team.pk)

    monkeypatch.setattr(listener, "write", write_and_lose)
    await node.catching_up.sync(socket, {cast.team.pk: held})
    assert [frame["op"] for frame in listener.frames] == ["changes"] * 3 + ["channel"]


def counted_calls(function: Callable[..., Any], calls: list[int]) -> Callable[..., Any]:
    def counting(*given: Any, **more: Any) -> Any:
        calls.append(1)
        return function(*given, **more)

    return counting
