"""Every verb that writes a numbered change costs an allowance: at all doors of all processes, at n and n + 1."""

import ast
from typing import Any

import httpx
import pytest
import redis
from django.conf import settings
from django.test import Client

from chat import services
from chat.allowances.table import (
    BULK_ROWS,
    CREATIONS,
    JOINS,
    MEMBERSHIPS,
    PRESENCE_CHOICES,
    RENAMES,
    REPORTS,
    REVISIONS,
    SECRETS,
    Allowance,
)
from chat.middleware import caller
from chat.models import Channel, Door, Member, Message, User
from delivery.client.connection import CommandRefused, Connection
from delivery.wire.errors import Forbidden, NotFound, RateLimited
from tests.conftest import Cast, in_thread, said
from tests.stage.counting import has_done, headers, refused, time_passes
from tests.stage.servers import ROOT, Server


def written(user: User, channel: Channel, body: str = "hello") -> int:
    """The id of a message that the user has said."""
    said(user, channel, body)
    return Message.objects.filter(sender=user).latest("seq").pk


async def is_refused(socket: Connection, op: str, **fields: Any) -> bool:
    with pytest.raises(CommandRefused) as refusal:
        await socket.command(op, **fields)
    return refusal.value.code == "rate_limited" and 0 < (refusal.value.retry_after or 0) <= 60


@pytest.mark.holds("revisions_per_minute")
async def test_sixty_edits_and_deletions_a_minute_and_not_one_more(processes: list[Server], cast: Cast) -> None:
    first, second = [await in_thread(written, cast.alice, cast.team) for _ in range(2)]
    messages = f"/channels/{cast.team.pk}/messages"
    http = processes[1].http(cast.token(cast.alice))
    async with processes[0].connect(cast.token(cast.alice)) as alice, processes[2].connect(cast.token(cast.bob)) as bob:
        place = {"channel": cast.team.pk, "message": first}
        await in_thread(has_done, 56, allowance=REVISIONS, user=cast.alice)
        await alice.command("message.edit", **place, body="one")
        assert headers(await in_thread(http.patch, f"{messages}/{first}/", json={"body": "two"})) == (60, 2)
        assert headers(await in_thread(http.delete, f"{messages}/{second}/")) == (60, 1)
        # What is refused is free; what changes nothing is not: it held the channel's lock.
        assert (await in_thread(http.patch, f"{messages}/{second}/", json={"body": "x"})).status_code == 403
        assert headers(await in_thread(http.patch, f"{messages}/{first}/", json={"body": "two"})) == (60, 0)
        assert await is_refused(alice, "message.edit", **place, body="three")
        assert await is_refused(alice, "message.delete", **place)
        for answer in (
            await in_thread(http.patch, f"{messages}/{first}/", json={"body": "three"}),
            await in_thread(http.delete, f"{messages}/{first}/"),
        ):
            refused(answer, 60, within=60)
        assert (await in_thread(Message.objects.get, pk=first)).body == "two"
        # What alice has done costs nobody else, and a minute later she may again.
        third = await in_thread(written, cast.bob, cast.team)
        await bob.command("message.edit", channel=cast.team.pk, message=third, body="hers is full")
        await in_thread(time_passes, 61, allowance=REVISIONS, user=cast.alice)
        await alice.command("message.edit", **place, body="three")


async def test_attempts_that_fail_have_an_end_too(processes: list[Server], cast: Cast) -> None:
    # Each holds the channel's lock for a moment.
    with redis.from_url(settings.REDIS_URL) as client:
        client.set(REVISIONS.keys(cast.alice.pk)[1], 299, px=60_000)
    async with processes[0].connect(cast.token(cast.alice)) as alice:
        place = {"channel": cast.team.pk, "message": 10**9}
        with pytest.raises(CommandRefused, match="not_found"):
            await alice.command("message.edit", **place, body="nothing")
        assert await is_refused(alice, "message.edit", **place, body="nothing")


@pytest.mark.holds("renames_per_minute")
def test_twenty_renames_and_topics_a_minute_and_not_one_more(processes: list[Server], cast: Cast) -> None:
    browsers = [process.http(cast.token(cast.alice)) for process in processes]
    channel = f"/channels/{cast.team.pk}/"
    has_done(17, allowance=RENAMES, user=cast.alice)
    assert headers(browsers[0].patch(channel, json={"name": "crew"})) == (20, 2)
    assert headers(browsers[1].patch(channel, json={"topic": "plans"})) == (20, 1)
    assert headers(browsers[2].patch("/users/me/", json={"display_name": "Alice A."})) == (20, 0)
    refused(browsers[0].patch(channel, json={"name": "team"}), 20, within=60)
    refused(browsers[1].patch("/users/me/", json={"display_name": "Alice"}), 20, within=60)
    refused(browsers[2].delete(channel), 20, within=60)
    assert Channel.objects.get(pk=cast.team.pk).archived_at is None
    time_passes(61, allowance=RENAMES, user=cast.alice)
    assert browsers[0].patch(channel, json={"name": "team"}).status_code == 200


@pytest.mark.holds("memberships_per_minute")
def test_sixty_people_are_added_or_removed_a_minute_and_not_one_more(processes: list[Server], cast: Cast) -> None:
    browsers = [process.http(cast.token(cast.alice)) for process in processes]
    members = f"/channels/{cast.team.pk}/members/"
    has_done(57, allowance=MEMBERSHIPS, user=cast.alice)
    assert headers(browsers[0].post(members, json={"user": cast.vera.pk})) == (60, 2)
    assert headers(browsers[1].delete(f"{members}{cast.vera.pk}/")) == (60, 1)
    assert headers(browsers[2].patch(f"{members}{cast.bob.pk}/", json={"role": "moderator"})) == (60, 0)
    refused(browsers[0].post(members, json={"user": cast.vera.pk}), 60, within=60)
    refused(browsers[1].delete(f"{members}{cast.bob.pk}/"), 60, within=60)
    refused(browsers[2].patch(f"{members}{cast.bob.pk}/", json={"role": "member"}), 60, within=60)
    # In a public channel anybody adds others.
    public = services.open_channel(cast.charlie, name="all", members=[cast.bob])
    has_done(60, allowance=MEMBERSHIPS, user=cast.bob)
    answer = (
        processes[0].http(cast.token(cast.bob)).post(f"/channels/{public.pk}/members/", json={"user": cast.vera.pk})
    )
    refused(answer, 60, within=60)


def bulk(browser: httpx.Client, kind: str, **given: Any) -> Any:
    answer = browser.post(f"/moderation/{kind}/", json={"reason": "spam", **given})
    assert answer.status_code == 200, answer.json()
    return len(answer.json()["done"]), [row["code"] for row in answer.json()["refused"]]


@pytest.mark.holds("bulk_rows_per_minute")
def test_bulk_acts_have_six_hundred_rows_a_minute_and_not_one_more(processes: list[Server], cast: Cast) -> None:
    browsers = [process.http(cast.token(cast.alice)) for process in processes]
    # A hundred at once are possible, whatever was edited before.
    has_done(60, allowance=REVISIONS, user=cast.alice)
    has_done(60, allowance=MEMBERSHIPS, user=cast.alice)
    theirs = [written(cast.bob, cast.team, f"{n}") for n in range(100)]
    assert bulk(browsers[0], "messages/delete", messages=theirs) == (100, [])
    has_done(498, allowance=BULK_ROWS, user=cast.alice)
    more = [written(cast.bob, cast.team, f"{n}") for n in range(2)]
    assert bulk(browsers[1], "messages/delete", messages=more[:1]) == (1, [])
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.vera)
    removal = {"channel": cast.team.pk, "users": [cast.bob.pk, cast.vera.pk]}
    assert bulk(browsers[2], "members/remove", **removal) == (1, ["rate_limited"])
    refused(browsers[0].post("/moderation/messages/delete/", json={"messages": more, "reason": "spam"}), 600, within=60)


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_rows_that_are_refused_cost_as_much(processes: list[Server], cast: Cast, who: str) -> None:
    user = getattr(cast, who)
    browser = processes[0].http(cast.token(user))
    has_done(597, allowance=BULK_ROWS, user=user)
    given = {"channel": cast.team.pk, "users": [10**6, 10**6 + 1, 10**6 + 2], "reason": "spam"}
    answer = browser.post("/moderation/members/remove/", json=given)
    assert answer.json()["code"] == {"alice": "not_found", "bob": "forbidden"}[who]
    given = {"messages": [10**6], "reason": "spam"}
    refused(browser.post("/moderation/messages/delete/", json=given), 600, within=60)


def test_own_messages_are_no_moderation_however_many_are_deleted_in_one_act(
    processes: list[Server], cast: Cast
) -> None:
    own = [written(cast.bob, cast.team, f"{n}") for n in range(3)]
    has_done(58, allowance=REVISIONS, user=cast.bob)
    browser = processes[0].http(cast.token(cast.bob))
    assert bulk(browser, "messages/delete", messages=own) == (2, ["rate_limited"])


def test_the_staffs_rows_are_counted_in_the_admin_too(transactional_db: None, cast: Cast) -> None:
    public = services.open_channel(cast.alice, name="all", members=[cast.bob])
    theirs = [written(cast.bob, public, f"{n}") for n in range(2)]
    has_done(60, allowance=REVISIONS, user=cast.sam)
    has_done(599, allowance=BULK_ROWS, user=cast.sam)
    admin = Client()
    admin.force_login(cast.sam)
    given = {"action": "delete_message", "_selected_action": theirs, "confirmed": "1", "reason": "spam"}
    page = admin.post("/admin/chat/message/", given, follow=True).content.decode()
    assert "You may moderate 600 rows a minute" in page
    assert Message.objects.filter(pk__in=theirs, deleted_at__isnull=False).count() == 1


@pytest.mark.holds("reports_per_hour")
def test_twenty_reports_an_hour_and_not_one_more(processes: list[Server], cast: Cast) -> None:
    rows = [written(cast.alice, cast.team, f"{n}") for n in range(3)]
    browsers = [process.http(cast.token(cast.bob)) for process in processes]
    given = [{"channel": cast.team.pk, "message": row, "reason": "rude"} for row in rows]
    has_done(18, allowance=REPORTS, user=cast.bob)
    assert headers(browsers[0].post("/reports/", json=given[0])) == (20, 1)
    assert headers(browsers[1].post("/reports/", json=given[1])) == (20, 0)
    # What was reported before is not reported again.
    assert browsers[2].post("/reports/", json=given[0]).status_code == 200
    refused(browsers[2].post("/reports/", json=given[2]), 20, within=3600)
    time_passes(3601, allowance=REPORTS, user=cast.bob)
    assert browsers[2].post("/reports/", json=given[2]).status_code == 201


@pytest.mark.holds("secrets_per_hour")
def test_a_hundred_tokens_and_invitations_are_made_an_hour_and_not_one_more(
    processes: list[Server], cast: Cast
) -> None:
    browsers = [process.http(cast.token(cast.alice)) for process in processes]
    has_done(97, allowance=SECRETS, user=cast.alice)
    made = browsers[0].post("/tokens/", json={"name": "bot", "scopes": ["read"]})
    assert (made.status_code, headers(made)) == (201, (100, 2))
    invited = browsers[1].post("/invites/", json={"channels": [cast.team.pk]})
    assert (invited.status_code, headers(invited)) == (201, (100, 1))
    # What was taken back was made.
    assert browsers[0].delete(f"/invites/{invited.json()['id']}/").status_code == 204
    assert browsers[2].post("/tokens/", json={"name": "bot", "scopes": ["read"]}).status_code == 201
    refused(browsers[0].post("/tokens/", json={"name": "bot", "scopes": ["read"]}), 100, within=3600)
    refused(browsers[1].post("/invites/", json={"channels": [cast.team.pk]}), 100, within=3600)


FAILING = [
    (CREATIONS, lambda c: services.open_channel(c.alice, name="x", members=[c.vera])),
    (JOINS, lambda c: services.join_channel(c.alice, channel=10**9)),
    (REPORTS, lambda c: services.report_message(c.alice, channel=c.team.pk, message=10**9, reason="rude")),
    (SECRETS, lambda c: services.create_invite(c.alice, channels=[10**9])),
]


@pytest.mark.parametrize(("allowance", "verb"), FAILING, ids=[case[0].name for case in FAILING])
def test_what_fails_is_free_five_times_as_often_as_what_is_done(cast: Cast, allowance: Allowance, verb: Any) -> None:
    cast.vera.is_active = False
    cast.vera.save()
    with redis.from_url(settings.REDIS_URL) as client, caller.with_origin(Door.API, None):
        client.set(allowance.keys(cast.alice.pk)[1], allowance.most * 5 - 1, px=60_000)
        with pytest.raises((Forbidden, NotFound)):
            verb(cast)
        with pytest.raises(RateLimited):
            verb(cast)


@pytest.mark.holds("choices_per_minute")
async def test_twenty_choices_a_minute_and_not_one_more(processes: list[Server], cast: Cast) -> None:
    http = processes[1].http(cast.token(cast.bob))
    await in_thread(has_done, 18, allowance=PRESENCE_CHOICES, user=cast.bob)
    async with processes[0].connect(cast.token(cast.bob)) as bob:
        await bob.command("presence", status="busy")
        assert headers(await in_thread(http.patch, "/users/me/", json={"activity": "reading"})) == (20, 0)
        assert await is_refused(bob, "presence", status="away")
        refused(await in_thread(http.patch, "/users/me/", json={"shows_typing": False}), 20, within=60)
        # Who sits idle is told by the device, not chosen.
        await bob.command("presence", idle=True)


#: What the console does, and the server by itself: counts that are mended, and what an erasure takes away.
UNCOUNTED = {
    *("fill_channel", "mend_message", "forget_agent", "leave_channels", "_each_in_one_channel", "_rename"),
}


def test_every_verb_that_holds_a_channels_lock_is_counted() -> None:
    found = set()
    for path in (ROOT / "chat").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                found |= {
                    function.name
                    for block in ast.walk(function)
                    if isinstance(block, ast.With)
                    and (called := calls(block)) & {"writing"}
                    and "counted" not in called
                }
    assert found == UNCOUNTED


def calls(block: ast.With) -> set[str]:
    functions = [item.context_expr.func for item in block.items if isinstance(item.context_expr, ast.Call)]
    return {getattr(each, "attr", getattr(each, "id", "")) for each in functions}


VERBS = [
    ("edit", REVISIONS, lambda c: services.edit_message(c.alice, channel=c.team.pk, message=1, body="x")),
    ("delete", REVISIONS, lambda c: services.delete_message(c.alice, channel=c.team.pk, message=1)),
    ("rename", RENAMES, lambda c: services.revise_channel(c.alice, channel=c.team.pk, name="x")),
    ("archive", RENAMES, lambda c: services.archive_channel(c.alice, channel=c.team.pk)),
    ("add", MEMBERSHIPS, lambda c: services.add_member(c.alice, channel=c.team.pk, user=c.vera)),
    ("remove", MEMBERSHIPS, lambda c: services.remove_member(c.alice, channel=c.team.pk, user=c.bob)),
    ("leave", MEMBERSHIPS, lambda c: services.leave_channel(c.alice, channel=c.team.pk)),
    ("notify", MEMBERSHIPS, lambda c: services.arrange_channel(c.alice, channel=c.team.pk, notify_level="none")),
    ("mute", MEMBERSHIPS, lambda c: services.mute_member(c.alice, channel=c.team.pk, user=c.bob, until=None)),
    ("block", MEMBERSHIPS, lambda c: services.block_user(c.alice, whom=c.bob)),
    ("unblock", MEMBERSHIPS, lambda c: services.unblock_user(c.alice, whom=c.bob)),
    ("promote", MEMBERSHIPS, lambda c: services.change_role(c.alice, channel=c.team.pk, user=c.bob, role="owner")),
]


@pytest.mark.parametrize(("allowance", "verb"), [case[1:] for case in VERBS], ids=[case[0] for case in VERBS])
@pytest.mark.parametrize("door", [Door.SOCKET, Door.API, Door.PAGE, Door.ADMIN])
def test_the_verb_counts_whatever_the_door(cast: Cast, door: str, allowance: Allowance, verb: Any) -> None:
    has_done(allowance.most, allowance=allowance, user=cast.alice)
    head = Channel.objects.get(pk=cast.team.pk).head
    with caller.with_origin(door, None), pytest.raises(RateLimited):
        verb(cast)
    assert Channel.objects.get(pk=cast.team.pk).head == head
    assert Member.objects.filter(channel=cast.team).count() == 2
