"""Blocks: no direct messages between the two users, in either direction and at any door; nothing changes for other users."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from chat import services
from chat.allowances.table import MEMBERSHIPS
from chat.models import Block, Channel, Message, User
from chat.reads.channels import channels_of
from chat.services import Draft
from delivery.client.connection import CommandRefused
from delivery.wire.errors import Blocked, Invalid
from tests.conftest import Cast, in_thread, locked, said, say
from tests.stage.counting import has_done, headers, refused
from tests.stage.listening import Listening
from tests.stage.locks import until_waiting
from tests.stage.servers import Server, expect
from tests.stage.sockets import push
from tests.stage.support import held_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(cast: Cast) -> Channel:
    """The conversation of alice and bob."""
    return services.open_direct_channel(cast.alice, others=[cast.bob])[0]


def block(cast: Cast) -> None:
    """bob blocks alice."""
    services.block_user(cast.bob, whom=cast.alice)


def test_neither_writes_to_the_other_until_the_block_is_gone(cast: Cast, two: Channel) -> None:
    block(cast)
    assert [type(say(user, two)) for user in (cast.alice, cast.bob)] == [Blocked, Blocked]
    services.unblock_user(cast.bob, whom=cast.alice)
    for user in (cast.alice, cast.bob):
        said(user, two)


def test_two_blocks_are_lifted_apart(cast: Cast, two: Channel) -> None:
    block(cast)
    services.block_user(cast.alice, whom=cast.bob)
    services.unblock_user(cast.bob, whom=cast.alice)
    assert isinstance(say(cast.bob, two), Blocked)
    services.unblock_user(cast.alice, whom=cast.bob)
    said(cast.bob, two)


def test_a_repeat_of_what_was_said_before_the_block_is_still_a_repeat(cast: Cast, two: Channel) -> None:
    sent = uuid.uuid4()
    said(cast.alice, two, client_msg_id=sent)
    block(cast)
    assert said(cast.alice, two, client_msg_id=sent).duplicate


def test_an_old_message_is_no_way_around_it_but_may_be_taken_back(cast: Cast, two: Channel) -> None:
    said(cast.alice, two, "kind words")
    row = Message.objects.get(channel=two, kind="text")
    block(cast)
    with pytest.raises(Blocked):
        services.edit_message(cast.alice, channel=two.pk, message=row.pk, body="rude words")
    services.delete_message(cast.alice, channel=two.pk, message=row.pk)


def test_no_new_conversation_is_opened_across_a_block_by_either_user(cast: Cast) -> None:
    block(cast)
    for opener, others in (
        (cast.alice, [cast.bob]),
        (cast.bob, [cast.alice]),
        (cast.alice, [cast.bob, cast.charlie]),
        (cast.bob, [cast.charlie, cast.alice]),
    ):
        with pytest.raises(Blocked):
            services.open_direct_channel(opener, others=others)
    services.open_direct_channel(cast.charlie, others=[cast.alice, cast.bob])


@pytest.mark.parametrize("kind", ["private", "public"])
def test_nobody_is_added_to_a_channel_across_a_block_by_either_user(cast: Cast, kind: str) -> None:
    block(cast)
    for one, other in ((cast.alice, cast.bob), (cast.bob, cast.alice)):
        with pytest.raises(Blocked):
            services.open_channel(one, name=f"for {other} only", kind=kind, members=[cast.charlie, other])
        alone = services.open_channel(one, name=f"of {one}", kind=kind)
        with pytest.raises(Blocked):
            services.add_member(one, channel=alone.pk, user=other)
        if kind == "public":
            # By themselves they come where they like.
            services.join_channel(other, channel=alone.pk)
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.bob)


def test_the_conversation_that_there_is_can_be_read(cast: Cast, two: Channel) -> None:
    block(cast)
    for opener, other in ((cast.alice, cast.bob), (cast.bob, cast.alice)):
        assert services.open_direct_channel(opener, others=[other]) == (two, False)


def test_a_group_goes_on_while_there_is_anybody_else_in_it(cast: Cast) -> None:
    group, _ = services.open_direct_channel(cast.alice, others=[cast.bob, cast.charlie])
    block(cast)
    for user in (cast.alice, cast.bob, cast.charlie):
        said(user, group)
    services.leave_channel(cast.charlie, channel=group.pk)
    assert [type(say(user, group)) for user in (cast.alice, cast.bob)] == [Blocked, Blocked], (
        "a group of two is no way round"
    )
    services.leave_channel(cast.alice, channel=group.pk)
    said(cast.bob, group, "alone")
    with pytest.raises(Blocked):
        services.open_direct_channel(cast.alice, others=[cast.bob, cast.charlie])


def test_channels_and_support_go_on(cast: Cast) -> None:
    support = held_by(cast.sam, visitor=cast.vera).channel
    services.block_user(cast.vera, whom=cast.sam)
    block(cast)
    for user, channel in ((cast.alice, cast.team), (cast.bob, cast.team), (cast.sam, support), (cast.vera, support)):
        said(user, channel)


def test_what_somebody_blocked_has_written_is_not_unread(cast: Cast) -> None:
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    said(cast.alice, cast.team)
    said(cast.charlie, cast.team)
    assert unread(cast.bob, cast.team) == 2
    block(cast)
    assert (unread(cast.bob, cast.team), unread(cast.charlie, cast.team)) == (1, 1)


def unread(user: User, channel: Channel) -> int:
    return next(int(known.unread) for known in channels_of(user.pk) if known.id == channel.pk)


def test_one_blocks_others_once_and_nobody_blocks_themselves(cast: Cast) -> None:
    assert [services.block_user(cast.bob, whom=cast.alice)[1] for _ in range(2)] == [True, False]
    for _ in range(2):
        services.unblock_user(cast.bob, whom=cast.alice)
    with pytest.raises(Invalid):
        services.block_user(cast.bob, whom=cast.bob)


@pytest.mark.holds("blocks")
def test_a_thousand_people_are_blocked_and_not_one_more(cast: Cast, settings: Any) -> None:
    people = User.objects.bulk_create(User(username=f"extra{number}") for number in range(1000))
    for person in people[:999]:
        Block.objects.create(blocker=cast.bob, blocked=person, created_at=person.date_joined)
    services.block_user(cast.bob, whom=people[999])
    with pytest.raises(Invalid):
        services.block_user(cast.bob, whom=cast.alice)
    services.block_user(cast.bob, whom=people[0])


@pytest.mark.django_db(transaction=True)
def test_sixty_times_a_minute_one_blocks_and_unblocks_and_not_once_more(server: Server, cast: Cast) -> None:
    has_done(58, allowance=MEMBERSHIPS, user=cast.bob)
    with server.http(cast.token(cast.bob)) as bob:
        assert headers(bob.post("/blocks/", json={"user": cast.alice.pk})) == (60, 1)
        assert headers(bob.delete(f"/blocks/{cast.alice.pk}/")) == (60, 0)
        refused(bob.post("/blocks/", json={"user": cast.alice.pk}), 60, within=60)
    assert not Block.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_on_its_way_is_in_the_log_before_the_block_or_refused(cast: Cast, two: Channel) -> None:
    outcomes: list[Any] = []

    def post() -> None:
        draft = Draft(channel=two.pk, sender=cast.alice.pk, client_msg_id=uuid.uuid4(), body="hello")
        outcomes.extend(services.post_messages([draft]))
        connections.close_all()

    def do_block() -> None:
        block(cast)
        outcomes.append("blocked")
        connections.close_all()

    with locked(two) as release:
        threads = [threading.Thread(target=do) for do in (do_block, post)]
        for thread in threads:
            thread.start()
        until_waiting(2)
        assert not Block.objects.exists(), "it waits for what is being written"
        release.set()
    for thread in threads:
        thread.join()
    [posted] = [outcome for outcome in outcomes if outcome != "blocked"]
    row = Message.objects.filter(channel=two, kind="text").first()
    assert (row is None) == isinstance(posted, Blocked)
    assert row is None or row.created_at < Block.objects.get().created_at


# ---- at the doors ----


@pytest.mark.django_db(transaction=True)
async def test_hello_names_them_and_a_change_reaches_all_devices_in_all_processes(
    servers: list[Server], cast: Cast
) -> None:
    async with servers[0].connect(cast.token(cast.bob)) as one, servers[1].connect(cast.token(cast.bob)) as other:
        assert (one.hello["blocks"], other.hello["blocks"]) == ([], [])
        with servers[0].http(cast.token(cast.bob)) as bob:
            first, again = [await in_thread(bob.post, "/blocks/", json={"user": cast.alice.pk}) for _ in range(2)]
            assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())
            for device in (one, other):
                assert (await push(device, "blocks", within=3))["users"] == [cast.alice.pk]
            async with servers[1].connect(cast.token(cast.bob)) as late:
                assert late.hello["blocks"] == [cast.alice.pk]
            [line] = (await in_thread(bob.get, "/blocks/")).json()["results"]
            assert (line["id"], line["user"]["username"]) == (cast.alice.pk, "alice")
            assert (await in_thread(bob.delete, f"/blocks/{line['id']}/")).status_code == 204
            assert (await in_thread(bob.delete, f"/blocks/{line['id']}/")).status_code == 204
            assert (await in_thread(bob.delete, "/blocks/999999/")).status_code == 404
            for device in (one, other):
                assert (await push(device, "blocks", within=3))["users"] == []
    async with servers[0].connect(cast.token(cast.alice)) as alice:
        assert alice.hello["blocks"] == [], "the other one is not told"


@pytest.mark.django_db(transaction=True)
async def test_a_block_that_was_not_announced_is_found_by_the_position_check(servers: list[Server], cast: Cast) -> None:
    async with servers[0].connect(cast.token(cast.bob)) as bob:
        await in_thread(
            lambda: Block.objects.create(blocker=cast.bob, blocked=cast.alice, created_at=cast.bob.date_joined)
        )
        [told] = await expect(lambda: [push for push in _pushes(bob) if push["op"] == "blocks"], within=12)
        assert told["users"] == [cast.alice.pk]


def _pushes(connection: Any) -> list[dict[str, Any]]:
    return [connection.pushes.get_nowait() for _ in range(connection.pushes.qsize())]


@pytest.mark.django_db(transaction=True)
async def test_the_socket_and_http_refuse_with_blocked_and_no_typing_is_shown(
    servers: list[Server], cast: Cast
) -> None:
    two = (await in_thread(services.open_direct_channel, cast.alice, others=[cast.bob]))[0]
    await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
    async with (
        servers[0].connect(cast.token(cast.alice)) as alice,
        servers[1].connect(cast.token(cast.bob)) as bob,
        servers[0].connect(cast.token(cast.charlie)) as charlie,
    ):
        with servers[0].http(cast.token(cast.alice)) as http:
            await sees_typing(bob, alice, cast.alice, two)
            await sees_typing(alice, bob, cast.bob, two)
            await in_thread(services.block_user, cast.bob, whom=cast.alice)
            await heard(bob, "blocks", lambda push: push["users"] == [cast.alice.pk])
            for socket in (alice, bob):
                with pytest.raises(CommandRefused) as refusal:
                    await socket.post(two.pk, "hello")
                assert refusal.value.code == "blocked"
                await socket.command("typing", channel=two.pk, on=True)
                await socket.command("typing", channel=cast.team.pk, on=True)
            given = {"client_msg_id": str(uuid.uuid4()), "body": "hello"}
            problem = await in_thread(http.post, f"/channels/{two.pk}/messages/", json=given)
            assert (problem.status_code, problem.json()["code"]) == (403, "blocked")
            told: dict[Listening, list[dict[str, Any]]] = {alice: [], bob: []}

            def last_in_team(socket: Listening) -> list[int]:
                told[socket] += [push for push in _pushes(socket) if push["op"] == "typing"]
                return next((push["users"] for push in reversed(told[socket]) if push["channel"] == cast.team.pk), [])

            # By two later pushes of the channel, with somebody else and without, what there was before has come as well.
            await charlie.command("typing", channel=cast.team.pk, on=True)
            await expect(lambda: all(cast.charlie.pk in last_in_team(each) for each in told))
            await charlie.command("typing", channel=cast.team.pk, on=False)
            await expect(lambda: all(cast.charlie.pk not in last_in_team(each) for each in told))
            for socket, other in ((alice, cast.bob), (bob, cast.alice)):
                assert not any(other.pk in push["users"] for push in told[socket])


async def sees_typing(socket: Listening, other: Listening, person: User, channel: Channel) -> None:
    """Typing is shown of those who are known to be here."""
    await heard(socket, "presence", lambda push: str(person.pk) in push["users"])
    for on in (True, False):
        await other.command("typing", channel=channel.pk, on=on)
        await heard(socket, "typing", lambda push, on=on: push["channel"] == channel.pk and bool(push["users"]) == on)


async def heard(socket: Listening, op: str, is_it: Callable[[dict[str, Any]], object]) -> None:
    """Reads until such a push has come."""
    await expect(lambda: any(push["op"] == op and is_it(push) for push in _pushes(socket)))
