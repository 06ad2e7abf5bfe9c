"""Order: whatever happens to announcements, sockets get every change once, in order, and none after their access ended."""

import asyncio
import random
from typing import Any

import pytest

from chat import services
from delivery.bus.announcements import Opened, Passing
from delivery.consumers import SocketConsumer
from delivery.live.channel import LiveChannel
from delivery.live.pacing import Pace
from delivery.live.peers import Prepared
from delivery.live.socket import Socket
from delivery.node import Node
from delivery.source import Access
from delivery.wire.commands import Sync
from delivery.wire.frames import BareChannel
from tests.conftest import Cast, in_thread, said
from tests.stage.listeners import Listener
from tests.stage.nodes import announcements, greeted, opening_by
from tests.stage.servers import expect


@pytest.mark.parametrize("seed", range(5))
async def test_repeated_reordered_and_lost_announcements_make_no_difference(
    node: Node, follow: Any, cast: Cast, seed: int
) -> None:
    bob = await follow(cast, cast.bob)
    for n in range(40):
        await in_thread(said, cast.alice, cast.team, f"{n}")
    heard = await in_thread(announcements, cast, above=2)
    chance = random.Random(seed)
    shuffled = [a for a in heard for _ in range(chance.choice((0, 1, 2)))]
    chance.shuffle(shuffled)
    for announcement in shuffled:
        node.receive(announcement)
        await asyncio.sleep(0)
    await node.check_positions()
    await expect(lambda: bob.bodies == [f"{n}" for n in range(40)])
    assert not bob.has_a_gap


async def test_a_log_that_went_back_is_an_error_where_somebody_follows_it(
    node: Node, follow: Any, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    await follow(cast, cast.bob)
    node.gaps.drop_ahead({cast.team.pk: 9}, {cast.team.pk: 2})
    # And one that a probe has made and taken away again.
    node.hub.channels[404] = LiveChannel(404, position=5, recent_most=1)
    node.gaps.drop_ahead({404: 5}, {})
    assert 404 not in node.hub.channels
    errors = [record for record in caplog.records if (record.name, record.levelname) == ("gapless.gaps", "ERROR")]
    assert [record.getMessage() for record in errors] == [f"channel {cast.team.pk} was at 9, but its rows end at 2"]


async def test_the_position_check_finds_what_was_never_announced(node: Node, follow: Any, cast: Cast) -> None:
    bob = await follow(cast, cast.bob)
    await in_thread(said, cast.alice, cast.team, "unheard")
    assert bob.bodies == []
    await node.check_positions()
    assert bob.bodies == ["unheard"]


async def test_after_a_removal_nothing_follows_though_its_announcement_was_dropped(
    node: Node, follow: Any, cast: Cast
) -> None:
    bob, alice = await follow(cast, cast.bob), await follow(cast, cast.alice)
    await in_thread(said, cast.alice, cast.team, "before")
    await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
    await in_thread(said, cast.alice, cast.team, "after")
    *_, last = await in_thread(announcements, cast, above=2)
    node.receive(last)
    await expect(lambda: alice.bodies == ["before", "after"])
    assert bob.bodies == ["before"]
    assert bob.frames[-1] == {"op": "channel", "action": "removed", "channel": {"id": cast.team.pk}}


async def test_a_removal_between_hello_and_sync_is_seen(node: Node, cast: Cast) -> None:
    socket, listener = await greeted(node, cast.bob)
    await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
    await in_thread(said, cast.alice, cast.team, "not for bob")
    # Another socket of somebody else starts to follow the channel above the removal.
    alices, other = await greeted(node, cast.alice)
    await node.catching_up.sync(alices, {cast.team.pk: 0})
    assert await node.catching_up.sync(socket, {cast.team.pk: 2}) == {}
    await in_thread(said, cast.alice, cast.team, "not for bob either")
    await node.check_positions()
    assert other.bodies == ["not for bob either"]
    assert listener.bodies == []


async def test_a_lost_announcement_of_a_new_membership_is_repaired(node: Node, follow: Any, cast: Cast) -> None:
    charlie = await follow(cast, cast.charlie)
    await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
    await node.check_positions()
    assert [frame["action"] for frame in charlie.frames] == ["joined"]
    await in_thread(said, cast.alice, cast.team, "hello charlie")
    await node.check_positions()
    assert charlie.bodies == ["hello charlie"]


@pytest.mark.holds("outbox_bytes", "outbox_frames")
@pytest.mark.parametrize(("unsent", "closed"), [((1000, 9), None), ((1001, 0), 4001), ((0, 10), 4001)])
async def test_a_slow_reader_is_closed_at_its_bounds(
    node: Node, follow: Any, cast: Cast, unsent: tuple[int, int], closed: int | None
) -> None:
    bob, alice = await follow(cast, cast.bob), await follow(cast, cast.alice)
    bob.unsent_bytes, bob.unsent_frames = unsent
    await in_thread(said, cast.alice, cast.team, "much")
    await node.check_positions()
    assert bob.closed == closed
    assert alice.bodies == ["much"]


@pytest.mark.holds("outbox_total_bytes")
@pytest.mark.parametrize(
    ("most", "closed"), [(600, [None, None, None]), (599, [None, 4001, None]), (200, [None, 4001, 4001])]
)
async def test_too_much_unsent_to_all_closes_the_slowest_readers_first(
    node: Node, follow: Any, cast: Cast, most: int, closed: list[int | None]
) -> None:
    peers = [await follow(cast, user) for user in (cast.alice, cast.bob, cast.bob)]
    for peer, unsent in zip(peers, (100, 300, 200), strict=True):
        peer.unsent_bytes = unsent
    node.hub.shed(most_bytes=most)
    assert [peer.closed for peer in peers] == closed


async def test_a_newcomer_hears_nothing_of_before_in_a_process_that_is_behind(
    node: Node, follow: Any, cast: Cast
) -> None:
    bob = await follow(cast, cast.bob)
    for n in range(3):
        await in_thread(said, cast.alice, cast.team, f"about charlie {n}")
    await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
    charlie = await follow(cast, cast.charlie)
    await in_thread(said, cast.alice, cast.team, "welcome")
    await node.check_positions()
    assert charlie.bodies == ["welcome"]
    assert bob.bodies == ["about charlie 0", "about charlie 1", "about charlie 2", "welcome"]


async def test_an_old_removal_does_not_end_a_newer_membership(node: Node, follow: Any, cast: Cast) -> None:
    await follow(cast, cast.alice)
    await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
    await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.bob)
    # This process has heard of neither.
    bob = await follow(cast, cast.bob)
    await in_thread(said, cast.alice, cast.team, "back again")
    await node.check_positions()
    assert bob.bodies == ["back again"]
    assert not [frame for frame in bob.frames if frame["op"] == "channel"]


async def test_a_user_who_joins_during_the_first_sync_follows(node: Node, cast: Cast) -> None:
    socket, listener = await greeted(node, cast.bob)
    other = await in_thread(services.open_channel, cast.bob, name="opened meanwhile")
    node.receive(Opened(user_id=cast.bob.pk, channel_id=other.pk, action="joined"))
    await expect(lambda: [frame["action"] for frame in listener.frames] == ["joined"])
    await in_thread(said, cast.bob, other, "before the sync")
    assert set(await node.catching_up.sync(socket, {})) == {cast.team.pk, other.pk}
    await in_thread(said, cast.bob, other, "after the sync")
    await node.check_positions()
    assert listener.bodies == ["before the sync", "after the sync"]
    assert not listener.has_a_gap


async def test_a_socket_that_was_lost_track_of_is_closed_to_return(node: Node, follow: Any, cast: Cast) -> None:
    bob = await follow(cast, cast.bob)
    # As after an opening or a sync that failed in the middle.
    node.hub.channels[cast.team.pk].sockets.clear()
    await node.check_positions()
    assert bob.closed == 4003


async def test_a_stream_is_not_forgotten_while_somebody_syncs(node: Node, follow: Any, cast: Cast) -> None:
    await follow(cast, cast.bob)
    channel = node.hub.channels[cast.team.pk]
    channel.sockets.clear()
    channel.pins = 1
    node.hub.forget_idle(now=0.0)
    assert node.hub.forget_idle(now=1000.0) == []
    channel.pins = 0
    node.hub.forget_idle(now=1000.0)
    assert node.hub.forget_idle(now=2000.0) == [cast.team.pk]


async def test_a_stream_that_is_forgotten_while_another_is_opened_is_opened_again(
    node: Node, follow: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await follow(cast, cast.alice)
    other = await in_thread(services.open_channel, cast.bob, name="other")
    socket, _ = await greeted(node, cast.bob)
    socket.is_synced = True

    async def forget(groups: object) -> None:
        node.hub.channels.pop(cast.team.pk, None)

    monkeypatch.setattr(node.catching_up, "_listen", forget)
    states = await node.catching_up.sync(socket, {other.pk: 0, cast.team.pk: 0})
    assert set(states) == {other.pk, cast.team.pk}
    assert socket in node.hub.channels[cast.team.pk].sockets


async def test_an_access_that_ends_while_it_is_opened_is_not_told_as_joined(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket, listener = await greeted(node, cast.bob)
    socket.accesses.clear()

    async def end(socket: Socket, access: Access) -> None:
        node.hub.end_access(socket, access.channel_id)

    monkeypatch.setattr(node.accesses, "_replayable_from", end)
    await node.accesses.opened(Opened(user_id=cast.bob.pk, channel_id=cast.team.pk, action="joined"))
    assert [frame["action"] for frame in listener.frames if frame["op"] == "channel"] == ["removed"]


async def test_what_is_held_without_a_seat_is_kept_when_the_first_sync_takes_several_frames(
    node: Node, cast: Cast
) -> None:
    consumer = SocketConsumer()
    consumer.node = node
    consumer._pace = consumer._user_pace = Pace(1000)
    consumer.socket, _ = await greeted(node, cast.bob)
    consumer.socket.refused[7] = Access(channel_id=7, head=350, since=0, version=0, description=BareChannel(id=7))
    consumer._no_sync = asyncio.get_running_loop().call_later(60, lambda: None)
    await consumer._sync(Sync(channels={7: 340}, more=True))
    await consumer._sync(Sync(channels={cast.team.pk: 2}))
    assert consumer.socket.refused_held == {7: 340}


async def test_one_broken_peer_costs_nobody_else_a_change(node: Node, follow: Any, cast: Cast) -> None:
    peers = [await follow(cast, user) for user in (cast.alice, cast.bob, cast.alice, cast.bob, cast.alice)]

    def fail(frame: Prepared) -> None:
        raise RuntimeError("broken")

    peers[2].write = fail  # type: ignore[method-assign]
    await in_thread(said, cast.alice, cast.team, "for all")
    await node.check_positions()
    assert [peer.bodies for peer in peers] == [["for all"], ["for all"], [], ["for all"], ["for all"]]


async def test_a_log_that_went_back_sends_everybody_to_sync_anew(node: Node, follow: Any, cast: Cast) -> None:
    bob = await follow(cast, cast.bob)
    node.hub.channels[cast.team.pk].position += 5
    await node.check_positions()
    assert bob.closed == 4003
    assert cast.team.pk not in node.hub.channels


async def test_a_socket_that_has_left_follows_nothing(node: Node, cast: Cast) -> None:
    socket, _ = await greeted(node, cast.bob)
    syncing = asyncio.ensure_future(node.catching_up.sync(socket, {cast.team.pk: 0}))
    await asyncio.sleep(0)
    await node.part(socket)
    assert await syncing == {}
    assert not node.hub.channels[cast.team.pk].sockets


async def test_a_login_that_ended_while_its_socket_came_in_does_not_stay(node: Node, cast: Cast) -> None:
    token, secret = await in_thread(services.new_token, cast.alice, name="device")
    learn, opening = node.learning(), await in_thread(opening_by, secret)
    # The end is announced before the socket is one of this process.
    await in_thread(services.delete_token, cast.alice, token=token.pk)
    listener = Listener()
    await node.greet(Socket(opening.login, listener, soft_bytes=64, most_bytes=1000, most_frames=10), opening, learn)
    watching = asyncio.ensure_future(node.logins.keep())
    await expect(lambda: listener.closed == 4500)
    watching.cancel()


async def test_what_is_said_of_the_moment_waits_for_no_removal(node: Node, follow: Any, cast: Cast) -> None:
    bob = await follow(cast, cast.bob)
    await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
    # Said after the removal, heard before it.
    node.receive(Passing(channel_id=cast.team.pk, head=3, raw=b'{"op":"receipts"}'))
    assert bob.frames == []


@pytest.mark.holds("outbox_soft_bytes")
@pytest.mark.parametrize(("unsent", "heard"), [(64, 1), (65, 0)])
async def test_frames_of_the_moment_are_dropped_for_a_slow_reader(
    node: Node, follow: Any, cast: Cast, unsent: int, heard: int
) -> None:
    bob = await follow(cast, cast.bob)
    bob.unsent_bytes = unsent
    node.receive(Passing(channel_id=cast.team.pk, head=2, raw=b'{"op":"typing"}'))
    assert len(bob.frames) == heard
    assert bob.closed is None
