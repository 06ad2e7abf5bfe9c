"""Receipts: who has received and read what, of active members since they joined; and the unread counts."""

import asyncio
import threading
from typing import Any

import pytest
from django.db.models import F

from chat import prepared_sql, services
from chat.models import Channel, Member, Message, User
from chat.services import receipts
from delivery.bus import announcing
from tests.conftest import Cast, in_thread, said
from tests.stage.listening import Listening
from tests.stage.servers import Server, expect


def status(body: str) -> str:
    return Message.objects.get(body=body).status


def read_all(cast: Cast, *people: User) -> None:
    head = Channel.objects.get(pk=cast.team.pk).head
    services.move_cursors({(cast.team.pk, user.pk): (head, head) for user in people})


@pytest.mark.django_db(transaction=True)
def test_removed_and_added_again_one_has_not_read_what_was_said_before(cast: Cast) -> None:
    said(cast.alice, cast.team, "unread by bob")
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    said(cast.alice, cast.team, "to nobody")
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    said(cast.alice, cast.team, "welcome back")
    read_all(cast, cast.bob, cast.alice)
    assert [status(body) for body in ("unread by bob", "to nobody", "welcome back")] == ["sent", "sent", "read"]


@pytest.mark.django_db(transaction=True)
def test_a_newcomer_who_never_connects_makes_nothing_read_and_holds_nothing_back(cast: Cast) -> None:
    said(cast.alice, cast.team, "for bob")
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    assert status("for bob") == "sent"
    seq = Message.objects.get(body="for bob").seq
    services.move_cursors({(cast.team.pk, cast.bob.pk): (seq, seq)})
    assert status("for bob") == "read"


@pytest.mark.django_db(transaction=True)
def test_who_is_banned_is_not_waited_for_and_counts_again_afterwards(cast: Cast) -> None:
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    said(cast.alice, cast.team, "news")
    read_all(cast, cast.bob)
    assert status("news") == "sent"
    services.ban_user(cast.sam, user=cast.charlie.pk, reason="spam")
    assert status("news") == "read"
    services.lift_ban(cast.sam, user=cast.charlie.pk, reason="a mistake")
    said(cast.alice, cast.team, "more news")
    read_all(cast, cast.bob)
    assert status("more news") == "sent"
    read_all(cast, cast.charlie)
    assert status("more news") == "read"


@pytest.mark.django_db(transaction=True)
def test_a_ban_from_many_channels_settles_a_few_at_once_and_the_rest_apart(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "SETTLED_IN_A_REQUEST", 2)
    made = [services.open_channel(cast.alice, name=f"{n}", members=[cast.bob, cast.charlie]) for n in range(5)]
    for channel in made:
        said(cast.alice, channel, f"in {channel.pk}")
        head = Channel.objects.get(pk=channel.pk).head
        services.move_cursors({(channel.pk, cast.bob.pk): (head, head)})
    apart: list[list[int]] = []
    settle_apart = receipts._settle_apart
    monkeypatch.setattr(receipts, "_settle_apart", apart.append)
    services.ban_user(cast.sam, user=cast.charlie.pk, reason="spam")
    for thread in threading.enumerate():
        if thread.name.startswith("settling"):
            thread.join()
    assert [status(f"in {channel.pk}") for channel in made] == ["read"] * 2 + ["sent"] * 3
    [rest] = apart
    settling = threading.Thread(target=settle_apart, args=[rest])
    settling.start()
    settling.join()
    assert [status(f"in {channel.pk}") for channel in made] == ["read"] * 5


@pytest.mark.django_db(transaction=True)
def test_what_was_said_to_one_banned_counts_once_the_ban_is_lifted_and_they_have_read_it(cast: Cast) -> None:
    services.ban_user(cast.sam, user=cast.bob.pk, reason="spam")
    said(cast.alice, cast.team, "to nobody who is active")
    read_all(cast, cast.alice)
    assert status("to nobody who is active") == "sent"
    services.lift_ban(cast.sam, user=cast.bob.pk, reason="a mistake")
    assert status("to nobody who is active") == "sent"
    read_all(cast, cast.bob)
    assert status("to nobody who is active") == "read"


@pytest.mark.django_db(transaction=True)
def test_who_has_left_the_company_is_not_waited_for_and_counts_again_when_back(cast: Cast) -> None:
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    said(cast.alice, cast.team, "news")
    read_all(cast, cast.bob)
    assert status("news") == "sent"
    services.deactivate_user(cast.sam, user=cast.charlie.pk, reason="left us")
    assert status("news") == "read"
    services.deactivate_user(cast.sam, user=cast.bob.pk, reason="left us")
    said(cast.alice, cast.team, "to nobody who is active")
    read_all(cast, cast.alice)
    services.reactivate_user(cast.sam, user=cast.bob.pk, reason="came back")
    assert status("to nobody who is active") == "sent"
    read_all(cast, cast.bob)
    assert status("to nobody who is active") == "read"


@pytest.mark.django_db(transaction=True)
def test_what_somebody_said_who_has_left_is_read_by_the_one_who_stayed(cast: Cast) -> None:
    said(cast.bob, cast.team, "goodbye")
    services.leave_channel(cast.bob, channel=cast.team.pk)
    read_all(cast, cast.alice)
    assert status("goodbye") == "read"


@pytest.mark.django_db(transaction=True)
def test_much_said_by_one_who_reads_nothing_is_settled_all_the_same(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.services.settling.SETTLED_AT_ONCE", 10)
    for n in range(35):
        said(cast.alice, cast.team, f"by a program {n}")
    read_all(cast, cast.bob)
    assert not Message.objects.filter(kind="text").exclude(status="read").exists()


@pytest.mark.django_db(transaction=True)
def test_messages_that_are_delivered_and_read_at_once_are_written_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    execute = prepared_sql.execute
    monkeypatch.setattr(
        prepared_sql, "execute", lambda sql, values: written.append(sql.split()[1]) or execute(sql, values)
    )
    said(cast.alice, cast.team, "read at once")
    read_all(cast, cast.alice, cast.bob)
    assert written.count("messages") == 1
    message = Message.objects.get(body="read at once")
    assert (message.status, message.delivered_at is None, message.read_at is None) == ("read", False, False)
    said(cast.alice, cast.team, "delivered first")
    head = Channel.objects.get(pk=cast.team.pk).head
    services.move_cursors({(cast.team.pk, user.pk): (head, 0) for user in (cast.alice, cast.bob)})
    message = Message.objects.get(body="delivered first")
    assert (message.status, message.read_at) == ("delivered", None)
    read_all(cast, cast.alice, cast.bob)
    after = Message.objects.get(body="delivered first")
    assert (after.status, after.delivered_at, after.read_at is None) == ("read", message.delivered_at, False)
    assert written.count("messages") == 3


_WRITTEN_IN_PLACE = """
SELECT pg_stat_get_xact_tuples_updated('messages'::regclass), pg_stat_get_xact_tuples_hot_updated('messages'::regclass)
"""


@pytest.mark.django_db
def test_what_becomes_of_messages_is_written_beside_them_and_needs_no_entries_in_indexes(cast: Cast) -> None:
    for n in range(100):
        said(cast.alice, cast.team, f"a message as long as most are, {n}")
    [(before, _)] = prepared_sql.rows(_WRITTEN_IN_PLACE, [])
    read_all(cast, cast.alice, cast.bob)
    [(updated, in_place)] = prepared_sql.rows(_WRITTEN_IN_PLACE, [])
    assert (before, updated) == (0, 100)
    assert in_place > 90


async def receipts_of(connection: Listening) -> dict[str, Any]:
    while True:
        frame = await asyncio.wait_for(connection.pushes.get(), 10)
        if frame["op"] == "receipts":
            return frame


async def test_what_is_pushed_says_what_the_rows_say(servers: list[Server], cast: Cast) -> None:
    async with servers[0].connect(cast.token(cast.alice)) as alice, servers[1].connect(cast.token(cast.bob)) as bob:
        seq = (await alice.post(cast.team.pk, "read me"))["message"]["seq"]
        await bob.command("read", channel=cast.team.pk, seq=seq)
        # alice herself has acknowledged nothing: that is nobody's business but hers.
        told = await receipts_of(alice)
        assert (told["delivered"], told["read"], told["since"]) == (seq, seq, 2)
        assert await in_thread(status, "read me") == "read"
        told = await receipts_of(bob)
        assert (told["delivered"], told["read"]) == (1, 1)


async def test_a_ban_tells_the_others_what_is_read_now(servers: list[Server], cast: Cast) -> None:
    await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
    async with servers[0].connect(cast.token(cast.alice)) as alice:
        seq = (await alice.post(cast.team.pk, "news"))["message"]["seq"]
        await in_thread(read_all, cast, cast.bob)
        assert (await receipts_of(alice))["read"] < seq
        await in_thread(services.ban_user, cast.sam, user=cast.charlie.pk, reason="spam")
        told = await receipts_of(alice)
        assert (told["read"], told["members"]) == (seq, {})


async def test_the_servers_count_of_unread_comes_with_ones_own_receipts(servers: list[Server], cast: Cast) -> None:
    async with (
        servers[0].connect(cast.token(cast.alice)) as alice,
        servers[0].connect(cast.token(cast.bob)) as bob,
        servers[1].connect(cast.token(cast.bob)) as elsewhere,
    ):
        seqs = [(await alice.post(cast.team.pk, f"{n}"))["message"]["seq"] for n in range(4)]
        await bob.post(cast.team.pk, "one's own does not count")
        await bob.command("read", channel=cast.team.pk, seq=seqs[0])
        for socket in (bob, elsewhere):
            told = await receipts_of(socket)
            assert (told["unread"], told["mentioned"]) == (3, 0)
        assert "unread" not in await receipts_of(alice)
        last = await in_thread(Message.objects.get, body="3")
        await in_thread(services.delete_message, cast.alice, channel=cast.team.pk, message=last.pk)
        await bob.command("delivered", channel=cast.team.pk, seq=seqs[3])
        assert (await receipts_of(elsewhere))["unread"] == 2
        await elsewhere.command("read", channel=cast.team.pk, seq=seqs[3] + 2)
        assert (await receipts_of(elsewhere))["unread"] == 0


async def test_what_is_ones_own_is_repaired_when_its_announcements_were_lost(
    kept_server: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = kept_server(GAPLESS_LIMIT_POSITION_CHECK_SECONDS="1")
    team = cast.team.pk
    async with server.connect(cast.token(cast.bob)) as bob:
        await in_thread(said, cast.alice, cast.team, "unread")
        seq = (await in_thread(Message.objects.get, body="unread")).seq
        monkeypatch.setattr(announcing, "announce", lambda announcements: None)
        for change, field, value in (
            (lambda: services.move_cursors({(team, cast.bob.pk): (seq, seq)}), "read_seq", seq),
            (lambda: services.arrange_channel(cast.bob, channel=team, notify_level="none"), "notify_level", "none"),
            (lambda: services.change_role(cast.alice, channel=team, user=cast.bob, role="moderator"), "role", "moderator"),
        ):  # fmt: skip
            await in_thread(change)
            told = await expect(lambda field=field, value=value: _told(bob, field, value), within=5)
            assert (told["action"], told["channel"]["unread"]) == ("updated", 0)


def _told(connection: Listening, field: str, value: object) -> dict[str, Any] | None:
    while not connection.pushes.empty():
        frame = connection.pushes.get_nowait()
        if frame["op"] == "channel" and frame["channel"].get(field) == value:
            return frame
    return None


async def test_who_was_told_by_receipts_is_not_told_again(kept_server: Any, cast: Cast) -> None:
    server = kept_server(GAPLESS_LIMIT_POSITION_CHECK_SECONDS="1")
    async with server.connect(cast.token(cast.alice)) as alice, server.connect(cast.token(cast.bob)) as bob:
        seq = (await alice.post(cast.team.pk, "read me"))["message"]["seq"]
        await bob.command("read", channel=cast.team.pk, seq=seq)
        await receipts_of(bob)
        # What another one is told after a check that came later: by then bob would have been told.
        await in_thread(Member.objects.filter(user=cast.alice, channel=cast.team).update, version=F("version") + 1)
        await expect(lambda: _told(alice, "id", cast.team.pk), within=5)
        assert _told(bob, "id", cast.team.pk) is None
