"""One person in five thousand channels: comes in cold, catches up in all of them, and is bounded there."""

import asyncio
import datetime
import json
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
from django.db import connection, connections

from chat import clock, services, shapes
from chat.live.source import ChatSource
from chat.models import Channel, Member, User
from chat.services import Draft
from delivery.client import Client
from delivery.client.connection import _frames_of
from delivery.live.peers import Prepared
from delivery.live.socket import Socket
from delivery.wire.errors import Invalid
from tests.conftest import Cast, in_thread, said
from tests.stage.callers import Caller
from tests.stage.listening import Listening
from tests.stage.servers import Server, expect

MANY = 5000
#: A second or two on a machine that has nothing else to do; by the process' own time, for the machine may be busy.
COLD_CPU_SECONDS = 3.0


def open_many(user: User, count: int, *, members: Sequence[User] = ()) -> list[Channel]:
    """As if they had been opened one after the other."""
    people = [user, *members]
    head = len(people)
    channels = Channel.objects.bulk_create(
        Channel(name=f"many {n}", kind="private", head=head, member_count=head) for n in range(count)
    )
    Member.objects.bulk_create(
        Member(channel=channel, user=person, joined_rev=place + 1, delivered_seq=head, read_seq=head)
        for channel in channels
        for place, person in enumerate(people)
    )
    return channels


@contextmanager
def cpu_of(server: Server) -> Iterator[list[float]]:
    """The list has the seconds that the process worked meanwhile, once that is over."""
    assert server.process is not None
    family = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
    before = sum(sum(process.cpu_times()[:2]) for process in family)
    spent: list[float] = []
    yield spent
    spent.append(sum(sum(process.cpu_times()[:2]) for process in family) - before)


async def test_five_thousand_channels_are_caught_up_cold(own_server: Any, cast: Cast) -> None:
    channels = await in_thread(open_many, cast.alice, MANY, members=[cast.bob])
    drafts = [
        Draft(channel=channel.pk, sender=cast.bob.pk, client_msg_id=uuid.uuid4(), body=f"news {n}")
        for n, channel in enumerate(channels[::10])
    ]
    for start in range(0, len(drafts), 50):
        await in_thread(services.post_messages, drafts[start : start + 50])
    server = own_server()
    with cpu_of(server) as spent:
        async with Listening(server.ws, token=cast.token(cast.alice)) as alice:
            assert len(alice.hello["channels"]) == MANY + 1
            ok = await alice.sync({channel.pk: 2 for channel in channels}, epoch=alice.hello["epoch"])
            assert len(ok["channels"]) == MANY + 1
            assert sum(len(changes) for changes in alice.changes.values()) == len(drafts)
            assert not [state for state in ok["channels"].values() if state.get("resync")]
            assert alice.closed is None
    assert spent[0] < COLD_CPU_SECONDS


@pytest.mark.django_db(transaction=True)
def test_what_was_missed_has_no_hole_when_it_is_changed_while_it_is_read(cast: Cast) -> None:
    first = json.loads(said(cast.alice, cast.team, "edited meanwhile").raw)
    said(cast.alice, cast.team, "second")
    team = cast.team.pk

    def change_it() -> None:
        said(cast.bob, cast.team, "third")
        services.edit_message(cast.alice, channel=team, message=first["id"], body="edited")
        connections.close_all()

    def interrupted(execute: Any, sql: str, *given: Any) -> Any:
        result = execute(sql, *given)
        if "unnest" in sql:
            changing = threading.Thread(target=change_it)
            changing.start()
            changing.join()
        return result

    with connection.execute_wrapper(interrupted):
        missed = ChatSource().changes_of({team: 2}, limit=50)[team]
    assert [change.rev for change in missed.changes] == list(range(3, missed.head + 1))


async def test_a_client_of_five_thousand_channels_comes_back_with_its_numbers(own_server: Any, cast: Cast) -> None:
    channels = await in_thread(open_many, cast.alice, MANY)
    server = own_server()
    async with Client(server.ws, token=cast.token(cast.alice)) as alice:
        assert len(alice.heads) == MANY + 1
        await alice.drop()
        await in_thread(said, cast.alice, channels[-1], "while away")
        await alice.online()
        await expect(lambda: alice.heads[channels[-1].pk] == 2)
        assert alice._ended is None


async def test_the_first_of_several_frames_ends_the_five_seconds_and_the_last_begins_what_was_left_out(
    own_server: Any, cast: Cast
) -> None:
    one, two, three = await in_thread(open_many, cast.alice, 3)
    server = own_server(GAPLESS_LIMIT_OPENING_SECONDS="1")
    async with Listening(server.ws, token=cast.token(cast.alice)) as alice:
        first = await alice.command("sync", channels={str(one.pk): 1}, more=True)
        assert list(first["channels"]) == [str(one.pk)]
        # What is followed already goes on meanwhile; what is not is not heard of yet.
        await in_thread(said, cast.alice, one, "followed")
        await expect(lambda: [change["body"] for change in alice.changes.get(one.pk, ())] == ["followed"])
        await in_thread(said, cast.alice, three, "not yet")
        assert await alice.command("sync", channels={str(two.pk): 1}, more=True)
        # Longer than there was for the first.
        assert not await _is_closed_within(alice, seconds=1.5)
        last = await alice.command("sync", channels={})
        assert set(last["channels"]) == {str(three.pk), str(cast.team.pk)}
        await in_thread(said, cast.alice, three, "now")
        await expect(lambda: [change["body"] for change in alice.changes.get(three.pk, ())] == ["now"])


async def _is_closed_within(connection: Listening, *, seconds: float) -> bool:
    closing = asyncio.ensure_future(connection.wait_closed())
    done, _ = await asyncio.wait({closing}, timeout=seconds)
    closing.cancel()
    return bool(done)


def test_a_sync_is_split_so_that_each_frame_fits() -> None:
    held = {10**9 + n: 10**6 + n for n in range(MANY)}
    frames = _frames_of(held, most=16 * 1024)
    spelled = [
        len(json.dumps({"op": "sync", "ref": 10**9, "more": True, "epoch": "x" * 64, "channels": frame}))
        for frame in frames
    ]
    assert {int(channel): head for frame in frames for channel, head in frame.items()} == held
    # json spells a blank after each comma and colon, the clients do not.
    assert max(spelled) - 2 * max(map(len, frames)) <= 16 * 1024


@pytest.mark.django_db
def test_a_page_of_ones_channels_costs_what_it_shows(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    described: list[Member] = []
    spell = shapes.channel_to_member

    def noted(member: Member, **more: Any) -> shapes.Channel:
        described.append(member)
        return spell(member, **more)

    monkeypatch.setattr(shapes, "channel_to_member", noted)
    services.open_direct_channel(cast.alice, others=[cast.bob])
    many, alice = open_many(cast.alice, 200), Caller(cast.alice)
    first = alice.get("channels/").json()
    following = alice.get("channels/", cursor=first["next_cursor"]).json()["results"]
    assert [row["name"] for row in first["results"][:3]] == ["team", "Bob", "many 0"]
    assert [row["id"] for row in following] == [channel.pk for channel in many[18:38]]
    assert [row["name"] for row in alice.get("channels/", search="MANY 199").json()["results"]] == ["many 199"]
    assert [row["name"] for row in alice.get("channels/", search="bo").json()["results"]] == ["Bob"]
    assert len(described) < 50


def test_hello_is_not_counted_as_unsent() -> None:
    peer = _Unread()
    socket = Socket(None, peer, soft_bytes=100, most_bytes=1000, most_frames=100)  # type: ignore[arg-type]
    socket.greet(Prepared(b"x" * 1_000_000))
    assert socket.unsent_bytes == 0
    assert socket.write(Prepared(b"y" * 1001))
    assert 1001 <= socket.unsent_bytes < 1100
    assert not socket.write(Prepared(b"z"))
    # The peer has read all of hello, and nothing else.
    peer.read(1_000_000)
    assert not socket.write(Prepared(b"z"))
    peer.read(500)
    assert socket.write(Prepared(b"z"))


class _Unread:
    keeps_up = False
    unsent_frames = 0

    def __init__(self) -> None:
        self.unsent_bytes = 0

    def write(self, frame: Prepared) -> None:
        self.unsent_bytes += len(frame.wire)

    def read(self, size: int) -> None:
        self.unsent_bytes -= size


@pytest.mark.holds("channels_per_user")
@pytest.mark.django_db(transaction=True)
def test_one_person_is_in_so_many_live_channels_and_not_in_one_more(cast: Cast) -> None:
    channels = open_many(cast.charlie, MANY - 1)
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    with pytest.raises(Invalid):
        services.open_channel(cast.charlie, name="one too many")
    with pytest.raises(Invalid):
        services.open_direct_channel(cast.alice, others=[cast.charlie])
    Channel.objects.filter(pk=channels[0].pk).update(archived_at=clock.now())
    assert services.open_channel(cast.charlie, name="in its place")


@pytest.mark.holds("archived_days")
async def test_what_was_archived_long_ago_is_in_no_list_and_can_still_be_read(own_server: Any, cast: Cast) -> None:
    young, old = await in_thread(open_many, cast.alice, 2)
    await in_thread(said, cast.alice, old, "of long ago")
    for channel, days in ((young, 29), (old, 31)):
        since = clock.now() - datetime.timedelta(days=days)
        await in_thread(Channel.objects.filter(pk=channel.pk).update, archived_at=since)
    server = own_server(GAPLESS_LIMIT_POSITION_CHECK_SECONDS="1")
    async with server.connect(cast.token(cast.alice)) as alice:
        assert [channel["id"] for channel in alice.hello["channels"]] == [cast.team.pk, young.pk]
        with server.http(cast.token(cast.alice)) as http:
            page = (await in_thread(http.get, f"/channels/{old.pk}/messages/")).json()
        assert page["results"][0]["body"] == "of long ago"
        # Nobody is told anything of it while they are here: brought back, they are told.
        await in_thread(Channel.objects.filter(pk=old.pk).update, archived_at=None)
        told = await expect(lambda: _joined(alice))
        assert told["channel"]["id"] == old.pk


def _joined(connection: Listening) -> Any:
    while not connection.pushes.empty():
        frame = connection.pushes.get_nowait()
        if frame["op"] == "channel" and frame["action"] == "joined":
            return frame
    return None
