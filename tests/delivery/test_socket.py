"""The conversation on one socket, and between sockets of two web processes."""

import asyncio
import datetime
import uuid

import pytest

from chat import services
from chat.models import Member, Message
from delivery.client.connection import CommandRefused
from tests.conftest import Cast, in_thread, said
from tests.stage.listening import Listening
from tests.stage.servers import Server, expect
from tests.stage.sockets import bodies, push


async def test_hello_says_who_one_is_and_where_the_channels_stand(server: Server, cast: Cast) -> None:
    await in_thread(said, cast.alice, cast.team, "unread by bob")
    async with server.connect(cast.token(cast.bob)) as bob:
        hello = bob.hello
        assert hello["version"] == 1
        assert hello["user"] == {"id": cast.bob.pk, "username": "bob", "display_name": "Bob"}
        assert hello["heartbeat_seconds"] == 30
        assert hello["limits"]["message_bytes"] == 2048
        [channel] = hello["channels"]
        assert (channel["id"], channel["role"], channel["unread"], channel["head"]) == (cast.team.pk, "member", 1, 3)


async def test_a_message_is_answered_after_the_commit_and_reaches_everybody(servers: list[Server], cast: Cast) -> None:
    here, there = servers
    async with here.connect(cast.token(cast.alice)) as alice, there.connect(cast.token(cast.bob)) as bob:
        ok = await alice.post(cast.team.pk, "hello bob")
        assert await in_thread(Message.objects.filter(pk=ok["message"]["id"]).exists)
        assert ok["duplicate"] is False
        await expect(lambda: bodies(bob, cast.team) == ["hello bob"])
        await expect(lambda: bodies(alice, cast.team) == ["hello bob"])
        # The same bytes go to everyone.
        assert bob.changes == alice.changes
        assert bob.changes[cast.team.pk][0] == ok["message"]


async def test_a_repeat_is_answered_with_the_first_message(servers: list[Server], cast: Cast) -> None:
    key = str(uuid.uuid4())
    async with (
        servers[0].connect(cast.token(cast.alice)) as phone,
        servers[1].connect(cast.token(cast.alice)) as laptop,
    ):
        first = await phone.post(cast.team.pk, "once", client_msg_id=key)
        again = await laptop.post(cast.team.pk, "once", client_msg_id=key)
        assert (first["message"], again["duplicate"]) == (again["message"], True)
        with pytest.raises(CommandRefused, match="conflict"):
            await laptop.post(cast.team.pk, "twice", client_msg_id=key)
        await laptop.post(cast.team.pk, "end")
        await expect(lambda: bodies(phone, cast.team) == ["once", "end"])


async def test_many_at_once_arrive_once_in_one_order_without_a_gap(servers: list[Server], cast: Cast) -> None:
    async with (
        servers[0].connect(cast.token(cast.alice)) as alice,
        servers[1].connect(cast.token(cast.bob)) as bob,
    ):
        posts = [
            sender.post(cast.team.pk, f"{name} {n}") for n in range(150) for name, sender in (("a", alice), ("b", bob))
        ]
        await asyncio.gather(*posts)
        await expect(lambda: len(bodies(alice, cast.team)) == len(bodies(bob, cast.team)) == 300)
        assert bodies(alice, cast.team) == bodies(bob, cast.team)
        assert alice.gaps == bob.gaps == 0
        for name in "ab":
            own = [body for body in bodies(bob, cast.team) if body.startswith(name)]
            assert own == [f"{name} {n}" for n in range(150)]


async def test_edits_and_deletions_are_changes_too(servers: list[Server], cast: Cast) -> None:
    async with servers[0].connect(cast.token(cast.alice)) as alice, servers[1].connect(cast.token(cast.bob)) as bob:
        sent = (await alice.post(cast.team.pk, "tpyo"))["message"]
        edited = (await alice.command("message.edit", channel=cast.team.pk, message=sent["id"], body="typo"))["message"]
        deleted = (await alice.command("message.delete", channel=cast.team.pk, message=sent["id"]))["message"]
        assert (edited["body"], edited["seq"], edited["rev"]) == ("typo", sent["seq"], sent["rev"] + 1)
        assert (deleted["body"], deleted["deleted_at"] is not None) == ("", True)
        await expect(lambda: [change["body"] for change in bob.changes.get(cast.team.pk, [])] == ["tpyo", "typo", ""])


async def test_what_was_missed_is_replayed_before_the_sync_is_answered(servers: list[Server], cast: Cast) -> None:
    async with servers[0].connect(cast.token(cast.bob)) as bob:
        held = bob.heads[cast.team.pk]
    for n in range(120):
        await in_thread(said, cast.alice, cast.team, f"while away {n}")
    async with servers[1].connect(cast.token(cast.bob), heads={cast.team.pk: held}) as bob:
        assert bodies(bob, cast.team) == [f"while away {n}" for n in range(120)]
        assert bob.gaps == 0
        assert bob.heads[cast.team.pk] == held + 120
        frames = [frame for frame in iter_pushes(bob) if frame["op"] == "changes"]
        assert [len(frame["changes"]) for frame in frames] == [50, 50, 20]
        await in_thread(said, cast.alice, cast.team, "live")
        await expect(lambda: bodies(bob, cast.team)[-1] == "live")


def iter_pushes(connection: Listening) -> list[dict[str, object]]:
    found = []
    while not connection.pushes.empty():
        found.append(connection.pushes.get_nowait())
    return found


async def test_a_short_absence_is_replayed_by_the_process_one_left(server: Server, cast: Cast) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:
        async with server.connect(cast.token(cast.bob)) as bob:
            held = bob.heads[cast.team.pk]
        sent = (await alice.post(cast.team.pk, "first"))["message"]
        await alice.command("message.edit", channel=cast.team.pk, message=sent["id"], body="second")
        async with server.connect(cast.token(cast.bob), heads={cast.team.pk: held}) as bob:
            # Each thing once, in its newest state.
            assert bodies(bob, cast.team) == ["second"]
            assert bob.heads[cast.team.pk] == held + 2


async def test_a_replay_overlaps_the_live_stream_without_hole_or_double(servers: list[Server], cast: Cast) -> None:
    async with servers[0].connect(cast.token(cast.alice)) as alice, servers[1].connect(cast.token(cast.bob)) as bob:
        held = bob.heads[cast.team.pk]
        posts = asyncio.gather(*(alice.post(cast.team.pk, f"{n}") for n in range(400)))
        for _ in range(8):
            async with servers[1].connect(cast.token(cast.bob), heads={cast.team.pk: held}) as again:
                assert again.gaps == 0
                expected = [f"{n}" for n in range(len(bodies(again, cast.team)))]
                assert bodies(again, cast.team) == expected
        await posts
        async with servers[1].connect(cast.token(cast.bob), heads={cast.team.pk: held}) as again:
            assert bodies(again, cast.team) == [f"{n}" for n in range(400)]


async def test_a_sync_in_the_middle_of_a_connection_replays_again(server: Server, cast: Cast) -> None:
    async with server.connect(cast.token(cast.bob)) as bob:
        held = bob.heads[cast.team.pk]
        await in_thread(said, cast.alice, cast.team, "seen once")
        await expect(lambda: bodies(bob, cast.team) == ["seen once"])
        await bob.sync({cast.team.pk: held})
        assert bodies(bob, cast.team) == ["seen once", "seen once"]
        await in_thread(said, cast.alice, cast.team, "live")
        await expect(lambda: bodies(bob, cast.team) == ["seen once", "seen once", "live"])


@pytest.mark.holds("replay_changes")
@pytest.mark.parametrize(("missed", "resync"), [(1000, False), (1001, True)])
async def test_more_than_a_thousand_changes_are_not_replayed(
    server: Server, cast: Cast, missed: int, resync: bool
) -> None:
    held = 2
    await in_thread(post_many, cast, missed)
    async with server.connect(cast.token(cast.bob), heads=None) as bob:
        ok = await bob.sync({cast.team.pk: held})
        assert ok["channels"][str(cast.team.pk)] == {"head": held + missed, **({"resync": True} if resync else {})}
        assert len(bodies(bob, cast.team)) == (0 if resync else missed)


def post_many(cast: Cast, count: int) -> None:
    drafts = [
        services.Draft(channel=cast.team.pk, sender=cast.alice.pk, client_msg_id=uuid.uuid4(), body=f"{n}")
        for n in range(count)
    ]
    for start in range(0, count, 50):
        services.post_messages(drafts[start : start + 50])


@pytest.mark.holds("replay_hours")
@pytest.mark.parametrize(("hours", "resync"), [(23.9, False), (24.1, True)])
async def test_what_is_older_than_24_hours_is_not_replayed(
    server: Server, cast: Cast, hours: float, resync: bool
) -> None:
    def backdate() -> None:
        said(cast.alice, cast.team, "long ago")
        row = Message.objects.get(body="long ago")
        Message.objects.filter(pk=row.pk).update(created_at=row.created_at - datetime.timedelta(hours=hours))

    await in_thread(backdate)
    async with server.connect(cast.token(cast.bob), heads=None) as bob:
        ok = await bob.sync({cast.team.pk: 2})
        assert ok["channels"][str(cast.team.pk)].get("resync", False) is resync


async def test_a_head_from_the_future_is_a_resync(server: Server, cast: Cast) -> None:
    async with server.connect(cast.token(cast.bob), heads=None) as bob:
        ok = await bob.sync({cast.team.pk: 10**6})
        assert ok["channels"][str(cast.team.pk)] == {"head": 2, "resync": True}


@pytest.mark.holds("receipts_seconds")
async def test_cursors_are_confirmed_when_they_stand_in_the_rows(servers: list[Server], cast: Cast) -> None:
    async with servers[0].connect(cast.token(cast.alice)) as alice, servers[1].connect(cast.token(cast.bob)) as bob:
        seq = (await alice.post(cast.team.pk, "read me"))["message"]["seq"]
        assert await bob.command("delivered", channel=cast.team.pk, seq=seq)
        member = await in_thread(Member.objects.get, user=cast.bob, channel=cast.team)
        assert (member.delivered_seq, member.read_seq) == (seq, 2)
        receipts = await push(alice, "receipts")
        assert receipts["members"] == {str(cast.bob.pk): [seq, 2]}
        await bob.command("read", channel=cast.team.pk, seq=seq)
        receipts = await push(alice, "receipts")
        assert receipts["members"] == {str(cast.bob.pk): [seq, seq]}
        row = await in_thread(Message.objects.get, body="read me")
        assert row.status == "read"


async def test_a_command_without_a_ref_succeeds_in_silence(server: Server, cast: Cast) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:
        await alice.send(
            {"op": "message.post", "channel": cast.team.pk, "client_msg_id": str(uuid.uuid4()), "body": "quiet"}
        )
        await expect(lambda: bodies(alice, cast.team) == ["quiet"])
        passing = {"presence", "typing"}
        assert [frame["op"] for frame in iter_pushes(alice) if frame["op"] not in passing] == ["changes"]
        await alice.send(
            {"op": "message.post", "channel": cast.team.pk, "client_msg_id": str(uuid.uuid4()), "body": ""}
        )
        error = await push(alice, "error")
        assert error["code"] == "empty"
        assert "ref" not in error


async def test_refs_are_repeated_as_they_were(server: Server, cast: Cast) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:
        for ref in ("a string", "", -5, 2**53):
            await alice.send({"op": "ping", "ref": ref})
            assert (await push(alice, "pong"))["ref"] == ref


async def test_a_ping_is_answered_with_the_heads(server: Server, cast: Cast) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:
        head = (await alice.post(cast.team.pk, "x"))["message"]["rev"]
        assert (await alice.command("ping"))["heads"] == {str(cast.team.pk): head}


async def test_over_http_and_over_the_socket_it_is_the_same_message(servers: list[Server], cast: Cast) -> None:
    key = str(uuid.uuid4())
    async with servers[1].connect(cast.token(cast.bob)) as bob:
        with servers[0].http(cast.token(cast.alice)) as http:
            url = f"/channels/{cast.team.pk}/messages/"
            first = await in_thread(http.post, url, json={"client_msg_id": key, "body": "both doors"})
            again = await in_thread(http.post, url, json={"client_msg_id": key, "body": "both doors"})
            other = await in_thread(http.post, url, json={"client_msg_id": key, "body": "another"})
        assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
        assert other.json()["code"] == "conflict"
        assert first.json() == again.json()
        await expect(lambda: bob.changes.get(cast.team.pk) == [first.json()])
    async with servers[1].connect(cast.token(cast.alice)) as alice:
        ok = await alice.post(cast.team.pk, "both doors", client_msg_id=key)
        assert (ok["duplicate"], ok["message"]) == (True, first.json())
