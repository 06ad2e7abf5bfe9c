"""Reports and moderation over HTTP: who sees and may do what, bulk acts, bans at every door, and what the audit log tells whom."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat import services
from chat.models import AuditEntry, Channel, Report, User
from delivery.wire.errors import Muted
from tests.conftest import PASSWORD, Cast, said, say
from tests.stage.callers import Caller
from tests.stage.moderation import message_of, reported, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(cast: Cast) -> Channel:
    """Another channel, kept by charlie, with vera in it."""
    return services.open_channel(cast.charlie, name="other", kind="private", members=[cast.vera])


def test_a_report_is_made_once_and_waits_for_those_who_keep_the_channel(cast: Cast, other: Channel) -> None:
    row = message_of(cast.alice, cast)
    given = {"channel": cast.team.pk, "message": row.pk, "reason": "rude"}
    first, again = (Caller(cast.bob).post("reports/", **given) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"id": Report.objects.get().pk, **given}
    reported(cast.charlie, other, cast.vera)
    moderator, agent, auditor = staff("mo", "Moderator"), staff("agnes", "Support agent"), staff("otto", "Auditor")
    seen = {"alice": 1, "charlie": 1, "mo": 2, "agnes": 403, "otto": 2, "sam": 2, "bob": 403, "vera": 403}
    for user in (cast.alice, cast.charlie, moderator, agent, auditor, cast.sam, cast.bob, cast.vera):
        answer = Caller(user).get("moderation/reports/")
        found = len(answer.json()["results"]) if answer.status_code == 200 else answer.status_code
        assert found == seen[user.username], user


def test_a_report_is_shown_with_what_was_said_around_it_and_before(cast: Cast, other: Channel) -> None:
    for number in range(4):
        said(cast.alice, cast.team, f"before {number}")
    row = message_of(cast.bob, cast, "first words")
    services.edit_message(cast.bob, channel=cast.team.pk, message=row.pk, body="rude words")
    said(cast.alice, cast.team, "after")
    services.report_message(cast.alice, channel=cast.team.pk, message=row.pk, reason="rude")
    services.delete_message(cast.bob, channel=cast.team.pk, message=row.pk)
    pk = Report.objects.get().pk
    shown = Caller(cast.alice).get(f"moderation/reports/{pk}/").json()
    assert [message["body"] for message in shown["context"]] == ["before 1", "before 2", "before 3", "", "after"]
    assert shown["reported_body"] == "rude words"
    assert [version["body"] for version in shown["versions"]] == ["first words", "rude words"]
    for user, context, versions in (
        (staff("mo", "Moderator"), 5, 2),
        (staff("otto", "Auditor"), 0, 0),
    ):
        seen = Caller(user).get(f"moderation/reports/{pk}/").json()
        assert (len(seen["context"]), len(seen["versions"])) == (context, versions), user
    assert Caller(cast.charlie).get(f"moderation/reports/{pk}/").status_code == 404
    assert Caller(cast.bob).get(f"moderation/messages/{row.pk}/").status_code == 403
    assert Caller(cast.charlie).get(f"moderation/messages/{row.pk}/").status_code == 404


def test_the_queue_comes_in_pages_and_a_channel_can_be_asked_for(cast: Cast, other: Channel) -> None:
    for number in range(21):
        reported(cast.bob, cast.team, cast.alice) if number < 20 else reported(cast.charlie, other, cast.vera)
    first = Caller(cast.sam).get("moderation/reports/").json()
    assert len(first["results"]) == 20
    second = Caller(cast.sam).get(first["next"].split("/api/v1/")[1]).json()
    assert [row["channel"]["name"] for row in second["results"]] == ["other"]
    of_other = Caller(cast.sam).get("moderation/reports/", channel=other.pk).json()["results"]
    assert [row["channel"]["name"] for row in of_other] == ["other"]


#: Path, what is given besides the reason, and the act that stands in the log afterwards.
BULK: list[tuple[str, Callable[[Cast], dict[str, Any]], str]] = [
    ("messages/delete", lambda c: {"messages": [message_of(c.bob, c).pk, 999_999]}, "message.deleted"),
    ("members/remove", lambda c: {"channel": c.team.pk, "users": [c.bob.pk, 999_999]}, "member.removed"),
    (
        "reports/close",
        lambda c: {"reports": [reported(c.bob, c.team, c.alice).pk, 999_999], "verdict": "dismissed"},
        "report.dismissed",
    ),
    ("bans", lambda c: {"users": [c.bob.pk, 999_999]}, "user.banned"),
]


@pytest.mark.parametrize(("path", "given", "act"), BULK, ids=[case[0] for case in BULK])
def test_a_bulk_act_needs_a_reason_and_says_what_was_done_and_what_not(
    cast: Cast, path: str, given: Callable[[Cast], dict[str, Any]], act: str
) -> None:
    fields, moderator = given(cast), staff("mo", "Moderator")
    pk = next(value for value in fields.values() if isinstance(value, list))[0]
    for user in (cast.vera, staff("agnes", "Support agent"), staff("otto", "Auditor")):
        answer = Caller(user).post(f"moderation/{path}/", **fields, reason="because")
        assert answer.status_code in (403, 404), (user, answer.content)
    assert Caller(moderator).post(f"moderation/{path}/", **fields).status_code == 400
    assert Caller(moderator).post(f"moderation/{path}/", **fields, reason="  ").status_code == 400
    assert not AuditEntry.objects.filter(act=act).exists()
    answer = Caller(moderator).post(f"moderation/{path}/", **fields, reason="because")
    assert answer.status_code == 200
    assert answer.json()["done"] == [pk]
    assert [(row["id"], row["code"]) for row in answer.json()["refused"]] == [(999_999, "not_found")]
    entry = AuditEntry.objects.get(act=act)
    assert (entry.actor, entry.whom, entry.reason) == (moderator, cast.bob, "because")
    assert (entry.door, entry.address) == ("api", "127.0.0.1")


@pytest.mark.holds("bulk")
def test_a_bulk_act_has_at_most_a_hundred_rows(cast: Cast) -> None:
    many = [message_of(cast.bob, cast, f"number {number}").pk for number in range(101)]
    answer = Caller(cast.alice).post("moderation/messages/delete/", messages=many, reason="all of it")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["messages"])
    answer = Caller(cast.alice).post("moderation/messages/delete/", messages=many[:100], reason="all of it")
    assert len(answer.json()["done"]) == 100


@pytest.mark.holds("mute_minutes")
def test_a_mute_lasts_a_year_at_most_and_can_be_lifted(cast: Cast) -> None:
    alice, given = Caller(cast.alice), {"channel": cast.team.pk, "users": [cast.bob.pk], "reason": "rude"}
    for minutes in (0, 525_601, "60"):
        assert alice.post("moderation/members/mute/", **given, minutes=minutes).status_code == 400, minutes
    assert alice.post("moderation/members/mute/", **given, minutes=525_600).json()["done"] == [cast.bob.pk]
    assert isinstance(say(cast.bob, cast.team), Muted)
    assert [row["user"]["username"] for row in alice.get("moderation/members/muted/").json()["results"]] == ["bob"]
    assert Caller(cast.bob).get("moderation/members/muted/").status_code == 403
    assert Caller(cast.bob).post("moderation/members/unmute/", **given).status_code == 403
    assert alice.post("moderation/members/unmute/", **given).json()["done"] == [cast.bob.pk]
    said(cast.bob, cast.team)
    acts = AuditEntry.objects.filter(whom=cast.bob).order_by("pk").values_list("act", "whom__username", "reason")
    assert list(acts) == [("member.muted", "bob", "rude"), ("member.unmuted", "bob", "rude")]


def test_a_banned_person_is_refused_at_every_door_until_the_ban_is_lifted(cast: Cast) -> None:
    bob = services.create_user("robert", password=PASSWORD)
    program, browser = Caller(bob), Client()
    assert browser.post(reverse("sign_in"), {"username": "robert", "password": PASSWORD}).status_code == 302
    assert browser.get("/").status_code == 200
    services.ban_user(cast.sam, user=bob.pk, reason="sells watches")
    assert program.get("channels/").status_code == 401
    assert browser.get("/").headers["Location"].startswith("/sign-in/")
    assert browser.get("/api/v1/channels/").status_code in (401, 403)
    for password, told in ((PASSWORD, True), ("a wrong one", False)):
        page = Client().post(reverse("sign_in"), {"username": "robert", "password": password}).content.decode()
        assert ("banned: sells watches" in page) is told, "only with the right password"
    services.lift_ban(cast.sam, user=bob.pk, reason="only one watch")
    assert program.get("channels/").status_code == 200
    assert Client().post(reverse("sign_in"), {"username": "robert", "password": PASSWORD}).status_code == 302


def test_the_audit_log_shows_each_moderator_only_the_own_channels_and_no_addresses(cast: Cast, other: Channel) -> None:
    Caller(cast.alice).post(
        "moderation/members/remove/", channel=cast.team.pk, users=[cast.bob.pk], reason="asked for it"
    )
    services.remove_member(cast.charlie, channel=other.pk, user=cast.vera, reason="left the company")
    services.ban_user(cast.sam, user=cast.vera.pk, reason="spam")
    auditor = staff("otto", "Auditor")

    def read(user: User, **query: Any) -> list[str]:
        return [row["reason"] for row in Caller(user).get("moderation/audit/", **query).json()["results"]]

    assert read(cast.alice) == ["asked for it"]
    assert read(cast.charlie) == ["left the company"]
    assert read(auditor)[:4] == ["hired", "spam", "left the company", "asked for it"]
    assert read(auditor, whom=cast.vera.pk) == ["spam", "left the company"]
    assert read(auditor, act="user.banned") == ["spam"]
    for user in (cast.bob, staff("agnes", "Support agent")):
        assert Caller(user).get("moderation/audit/").status_code == 403
    entry = Caller(auditor).get("moderation/audit/", channel=cast.team.pk).json()["results"][0]
    assert (entry["door"], entry["address"]) == ("api", "127.0.0.1")
    assert "address" not in Caller(cast.alice).get("moderation/audit/").json()["results"][0]


@pytest.mark.parametrize(("who", "open_reports", "may_ban"), [("alice", 1, False), ("mo", 1, True)])
def test_the_desk_says_what_is_waiting(cast: Cast, who: str, open_reports: int, may_ban: bool) -> None:
    staff("mo", "Moderator")
    staff("agnes", "Support agent")
    reported(cast.bob, cast.team, cast.alice)
    desk = Caller(User.objects.get(username=who)).get("moderation/").json()
    assert (desk["open_reports"], desk["may_ban"]) == (open_reports, may_ban)
    for user in (cast.vera, User.objects.get(username="agnes")):
        assert Caller(user).get("moderation/").status_code == 403
