"""A channel has at most a hundred members, however many join at the same moment; and its stored count is right."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import call_command

from chat import clock, services
from chat.models import Channel, Member, Message, User
from tests.conftest import Cast, in_thread, said
from tests.stage.servers import Server, expect
from tests.stage.sockets import push

SEATS = 5
RIVALS = 50


def nearly_full(cast: Cast) -> tuple[Channel, list[str]]:
    """A public channel with five seats left, and the tokens of fifty who want one."""
    channel = services.open_channel(cast.alice, name="the last seats")
    crowd = User.objects.bulk_create(User(username=f"crowd-{n}") for n in range(99 - SEATS))
    Member.objects.bulk_create(Member(channel=channel, user=user) for user in crowd)
    Channel.objects.filter(pk=channel.pk).update(member_count=100 - SEATS)
    rivals = User.objects.bulk_create(User(username=f"rival-{n}") for n in range(RIVALS))
    return channel, [services.create_token(user, name="tests") for user in rivals]


async def join(browser: httpx.AsyncClient, server: Server, channel: Channel, token: str) -> int:
    """The status; 0 for a process that is dead."""
    try:
        url = f"{server.url}/api/v1/channels/{channel.pk}/join/"
        return (await browser.post(url, headers={"Authorization": f"Bearer {token}"})).status_code
    except httpx.HTTPError:
        return 0


async def test_fifty_join_for_the_last_five_seats_on_three_processes_one_of_which_dies(
    servers: list[Server], own_server: Callable[..., Server], cast: Cast
) -> None:
    third = own_server()
    channel, tokens = await in_thread(nearly_full, cast)
    processes = [*servers, third]
    async with httpx.AsyncClient(trust_env=False) as browser:
        asked = [
            asyncio.ensure_future(join(browser, processes[n % 3], channel, token)) for n, token in enumerate(tokens)
        ]
        await expect(lambda: any(task.done() for task in asked), within=10)
        third.kill()
        answers = await asyncio.gather(*asked)
        # A client without an answer asks another process: it may have joined already.
        answers = [answer or await join(browser, servers[0], channel, tokens[n]) for n, answer in enumerate(answers)]
    assert sorted(answers) == [200] * SEATS + [409] * (RIVALS - SEATS)
    told = await in_thread(check_counts)
    assert told["ok"], told
    assert await in_thread(Member.objects.filter(channel=channel).count) == 100
    joined = await in_thread(
        lambda: list(Message.objects.filter(channel=channel, event__type="member.joined").order_by("seq"))
    )
    assert [row.event["member_count"] for row in joined[1:]] == [96, 97, 98, 99, 100]


def check_counts(*arguments: str) -> dict[str, Any]:
    """What the command prints with --json, and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command("check_counts", "--json", *arguments, stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    return {**json.loads(out.getvalue()), "code": code}


@pytest.mark.django_db
def test_a_wrong_count_is_found_and_mended(cast: Cast) -> None:
    assert check_counts() == {"channels": 1, "wrong": [], "ok": True, "code": 0}
    Channel.objects.filter(pk=cast.team.pk).update(member_count=7)
    wrong = {"channel": cast.team.pk, "name": "team", "said": 7, "true": 2}
    assert check_counts() == {"channels": 1, "wrong": [{**wrong, "fixed": False}], "ok": False, "code": 1}
    assert check_counts("--fix") == {"channels": 1, "wrong": [{**wrong, "fixed": True}], "ok": True, "code": 0}
    assert Channel.objects.get(pk=cast.team.pk).member_count == 2
    out = StringIO()
    call_command("check_counts", stdout=out)
    assert out.getvalue() == "1 channels checked, 0 wrong, 0 fixed\n"


@pytest.mark.django_db
def test_wrong_replies_and_reactions_are_found_and_mended_for_everybody(cast: Cast) -> None:
    said(cast.bob, cast.team, "root")
    root = Message.objects.get(body="root")
    said(cast.alice, cast.team, "reply", thread=root.pk)
    services.add_reaction(cast.alice, channel=cast.team.pk, message=root.pk, emoji="👍")
    assert check_counts()["ok"]
    Message.objects.filter(pk=root.pk).update(reply_count=7, reactions=[["👍", [cast.bob.pk]]])
    of = {"channel": cast.team.pk, "message": root.pk}
    replies = {**of, "what": "replies", "said": 7, "true": 1}
    reactions = {**of, "what": "reactions", "said": 1, "true": 1}
    found = check_counts()
    assert (found["ok"], found["code"]) == (False, 1)
    assert found["messages"] == [{**replies, "fixed": False}, {**reactions, "fixed": False}]
    assert [one["fixed"] for one in check_counts("--fix")["messages"]] == [True, True]
    assert check_counts()["ok"]
    mended = Message.objects.get(pk=root.pk)
    assert (mended.reply_count, mended.reactions) == (1, [["👍", [cast.alice.pk]]])
    # Members who are connected or return are told, as of every change.
    assert mended.rev == Channel.objects.get(pk=cast.team.pk).head == root.rev + 5


async def test_a_change_of_the_list_is_one_small_push_with_all_that_a_list_shows(
    servers: list[Server], cast: Cast
) -> None:
    async with servers[0].connect(cast.token(cast.alice)) as alice, servers[1].connect(cast.token(cast.bob)) as bob:
        await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
        await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
        for member in (alice, bob):
            await expect(lambda member=member: len(member.changes.get(cast.team.pk, [])) == 2)
            came, went = (change["event"] for change in member.changes[cast.team.pk])
            who = {"user": cast.charlie.pk, "name": "Charlie", "username": "charlie"}
            assert came == {"type": "member.joined", "role": "member", "member_count": 3, **who}
            assert went == {"type": "member.removed", "member_count": 2, **who}
            pushes = [member.pushes.get_nowait() for _ in range(member.pushes.qsize())]
            assert [push["op"] for push in pushes if push["op"] not in ("receipts", "presence")] == ["changes"] * 2


def test_each_line_of_the_list_says_what_the_caller_may_do_to_that_member(server: Server, cast: Cast) -> None:
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    services.change_role(cast.alice, channel=cast.team.pk, user=cast.bob, role="moderator")
    services.mute_member(cast.alice, channel=cast.team.pk, user=cast.charlie, until=clock.now() + timedelta(hours=1))
    told = {name: told_of_each(server, cast, name) for name in ("alice", "bob", "charlie")}
    everything, some = ["promote", "mute", "remove"], ["mute", "remove"]
    assert told == {
        "alice": {"alice": [], "bob": everything, "charlie": everything},
        "bob": {"alice": [], "bob": [], "charlie": some},
        "charlie": {"alice": [], "bob": [], "charlie": []},
    }


def told_of_each(server: Server, cast: Cast, caller: str) -> dict[str, list[str]]:
    with server.http(cast.tokens[caller]) as http:
        lines = http.get(f"/channels/{cast.team.pk}/members/").json()["results"]
    assert all(("muted_until" in line) == ("mute" in line["can"]) for line in lines)
    return {line["user"]["username"]: line["can"] for line in lines}


async def test_a_member_chooses_what_notifies_and_hears_of_it_on_all_devices(server: Server, cast: Cast) -> None:
    path = f"/channels/{cast.team.pk}/membership/"
    async with server.connect(cast.token(cast.bob)) as other_device:
        with server.http(cast.token(cast.bob)) as http:
            chosen = await in_thread(http.patch, path, json={"notify_level": "mentions"})
            wrong = await in_thread(http.patch, path, json={"notify_level": "some"})
        assert (chosen.status_code, chosen.json()["notify_level"], wrong.status_code) == (200, "mentions", 400)
        told = await push(other_device, "channel", within=3)
        assert (told["action"], told["channel"]["notify_level"]) == ("updated", "mentions")
