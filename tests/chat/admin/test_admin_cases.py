"""The staff's work: cases, the next case after an act, the way back, the outcome of acts, and the audit log as a file."""

import datetime
import re
from typing import Any
from urllib.parse import quote

import pytest

from chat import services
from chat.models import AuditEntry, Member, Report, User
from tests.conftest import Cast
from tests.stage.admin_house import page_of
from tests.stage.callers import Caller, browser
from tests.stage.moderation import message_of, reported
from tests.stage.moments import on_days

pytestmark = pytest.mark.django_db


def act(who: str, row: Any, name: str, query: str = "", /, **given: Any) -> Any:
    url = f"/admin/chat/{row._meta.model_name}/{row.pk}/act/{name}/{query}"
    return browser(who).post(url, {"confirmed": "yes", "reason": "because", **given}, follow=True)


def test_seven_reports_of_one_message_are_one_case_with_one_verdict(cast: Cast) -> None:
    people = [services.create_user(f"person{number}") for number in range(6)]
    for person in people:
        services.add_member(cast.alice, channel=cast.team.pk, user=person)
    row = message_of(cast.bob, cast, "rude words")
    for person in (cast.alice, *people):
        services.report_message(person, channel=cast.team.pk, message=row.pk, reason="rude")
    page = browser("sam").get("/admin/chat/report/").content.decode()
    assert "1 in the list" in page
    assert re.search(r'field-many">7<', page)
    assert re.search(r"<strong>1</strong> open report\b", browser("sam").get("/admin/").content.decode())
    [case] = Caller(cast.alice).get("moderation/reports/").json()["results"]
    assert case["reports_of_the_message"] == 7
    services.close_report(cast.alice, report=case["id"], verdict="dismissed", reason="a joke")
    assert set(Report.objects.values_list("verdict", "closing_reason")) == {("dismissed", "a joke")}
    [line] = AuditEntry.objects.filter(act="report.dismissed")
    assert line.details == {"report": case["id"], "reports": 7}
    assert "1 in the list" in browser("sam").get("/admin/chat/report/?state=closed").content.decode()


def test_after_a_verdict_the_next_case_of_the_same_list_comes_and_then_the_list(cast: Cast) -> None:
    first, second, third = (reported(cast.bob, cast.team, cast.alice) for _ in range(3))
    kept = "?_changelist_filters=" + quote("message__sender=bob")
    answer = act("sam", second, "dismiss", kept)
    assert answer.redirect_chain[-1][0] == page_of(third) + "?_changelist_filters=message__sender%3Dbob"
    assert act("sam", third, "uphold", kept).redirect_chain[-1][0].startswith(page_of(first))
    answer = act("sam", first, "dismiss", kept)
    assert answer.redirect_chain[-1][0] == "/admin/chat/report/?message__sender=bob"
    assert "Nothing else is waiting here." in answer.content.decode()


def test_cancel_leads_back_to_the_row_and_from_there_to_the_list_as_it_was(house: Cast) -> None:
    kept = "?_changelist_filters=" + quote("is_active__exact=1&q=bob")
    page = browser("sam").get(page_of(house.bob) + kept).content.decode()
    assert 'href="/admin/chat/user/?is_active__exact=1&amp;q=bob"' in page
    [url] = re.findall(r'href="([^"]*/act/ban/[^"]*)"', page)
    asked = browser("sam").get(url.replace("&amp;", "&")).content.decode()
    [back] = re.findall(r'closelink" href="([^"]*)"', asked)
    assert browser("sam").get(back.replace("&amp;", "&")).content.decode().count("is_active__exact=1") >= 1
    chosen = {"action": "ban", "index": "0", "_selected_action": [house.bob.pk]}
    asked = browser("sam").post("/admin/chat/user/?q=bob", chosen).content.decode()
    assert 'closelink" href="/admin/chat/user/?q=bob"' in asked


def test_done_is_said_only_of_what_was_done(house: Cast) -> None:
    answer = act("mo", house.bob, "ban").content.decode()
    assert "Ban: done for 1." in answer
    answer = act("mo", house.bob, "ban").content.decode()
    assert "done for" not in answer
    assert "nothing to change" in answer


@pytest.mark.parametrize(
    ("who", "whom", "drawn", "hidden"),
    [
        ("mo", "bob", {"ban", "deactivate"}, {"lift_ban", "reactivate", "roles", "erase"}),
        ("mo", "sam", set(), {"ban", "deactivate", "lift_ban", "roles"}),
        ("mo", "mo", set(), {"ban", "deactivate", "roles"}),
        ("mo", "vera", {"lift_ban"}, {"ban", "reactivate"}),
        ("sam", "mo", {"ban", "deactivate", "roles", "erase"}, {"lift_ban"}),
        ("sam", "sam", set(), {"ban", "deactivate", "roles", "erase"}),
        ("otto", "bob", set(), {"ban", "deactivate", "roles"}),
    ],
)
def test_no_button_is_drawn_that_this_person_may_not_use_here(
    house: Cast, who: str, whom: str, drawn: set[str], hidden: set[str]
) -> None:
    page = browser(who).get(page_of(User.objects.get(username=whom))).content.decode()
    found = set(re.findall(r"/act/([a-z_]+)/", page))
    assert drawn <= found
    assert not hidden & found


def test_the_last_owner_can_neither_be_removed_nor_demoted_by_a_button(house: Cast) -> None:
    page = browser("mo").get(page_of(Member.objects.get(user=house.alice))).content.decode()
    assert set(re.findall(r"/act/([a-z_]+)/", page)) == {"mute"}


def test_the_roles_that_somebody_has_are_ticked(house: Cast) -> None:
    mo = User.objects.get(username="mo")
    page = browser("sam").get(f"/admin/chat/user/{mo.pk}/act/roles/").content.decode()
    assert re.findall(r'value="([^"]+)"[^>]*checked', page) == ["Moderator"]


def test_who_has_left_is_not_banned_and_can_come_back(house: Cast) -> None:
    act("mo", house.bob, "deactivate")
    bob = User.objects.get(pk=house.bob.pk)
    assert (bob.is_active, bob.bans.count()) == (False, 0)
    assert "has left" in browser("mo").get(page_of(bob)).content.decode()
    act("mo", house.bob, "reactivate")
    assert User.objects.get(pk=house.bob.pk).is_active
    lines = AuditEntry.objects.filter(whom=bob, act__startswith="user.").order_by("pk")
    assert [(line.act, line.reason) for line in lines] == [
        ("user.deactivated", "because"),
        ("user.reactivated", "because"),
    ]


def test_who_is_erased_in_the_admin_is_nobody_and_no_button_brings_them_back(house: Cast) -> None:
    act("sam", house.bob, "erase", messages="keep")
    bob = User.objects.get(pk=house.bob.pk)
    assert (bob.get_full_name(), bob.is_active, bob.erasure.keeps_messages) == ("Deleted user", False, True)
    page = browser("sam").get(page_of(bob)).content.decode()
    assert "erased" in page
    assert not {"erase", "reactivate", "ban"} & set(re.findall(r"/act/([a-z_]+)/", page))


def test_a_channel_is_renamed_archived_and_taken_out_again_in_the_admin(house: Cast) -> None:
    act("mo", house.team, "rename", name="crew", topic="")
    act("mo", house.team, "archive")
    assert "restore" in browser("mo").get(page_of(house.team)).content.decode()
    act("mo", house.team, "restore")
    house.team.refresh_from_db()
    assert (house.team.name, house.team.archived_at) == ("crew", None)
    lines = AuditEntry.objects.filter(channel=house.team, actor__username="mo").order_by("pk")
    assert [line.act for line in lines] == ["channel.renamed", "channel.archived", "channel.restored"]
    assert {line.reason for line in lines} == {"because"}


# ---- the audit log ----


@pytest.mark.parametrize(("query", "found"), [("q=spam", 1), ("since={far}", 0), ("until={eve}", 0)])
def test_the_audit_log_is_searched_by_reason_and_filtered_by_day(house: Cast, query: str, found: int) -> None:
    asked = on_days(query)
    assert f"{found} in the list" in browser("otto").get(f"/admin/chat/auditentry/?{asked}").content.decode()
    # Of the day on which it was written: midnight may have come since.
    day = AuditEntry.objects.get(reason__icontains="spam").created_at
    asked = f"since={day:%Y-%m-%d}&until={day + datetime.timedelta(days=1):%Y-%m-%d}&q=spam"
    shown = browser("otto").get(f"/admin/chat/auditentry/?{asked}").content.decode()
    assert "1 in the list" in shown
    assert browser("otto").get("/admin/chat/auditentry/?since=yesterday").status_code == 400


def test_the_audit_log_can_be_taken_along_as_its_filters_leave_it(house: Cast) -> None:
    services.ban_user(house.sam, user=house.charlie.pk, reason="=HYPERLINK(1)")
    answer = browser("otto").get("/admin/chat/auditentry/export/?act__exact=user.banned")
    assert answer.headers["Content-Type"].startswith("text/csv")
    lines = answer.content.decode().splitlines()
    assert lines[0].startswith("id,when,who,what,whom")
    assert [line.split(",")[4] for line in lines[1:]] == ["charlie", "vera"]
    assert "'=HYPERLINK(1)" in lines[1]
    assert browser("otto").get("/admin/chat/auditentry/export/?actor__password__startswith=a").status_code == 400
    assert browser("agnes").get("/admin/chat/auditentry/export/").status_code == 403


@pytest.mark.parametrize("typed", ["%%%", "___", "!!!", "a b c", "--- ?"])
def test_a_search_that_no_index_can_answer_is_answered_without_reading_every_row(house: Cast, typed: str) -> None:
    page = browser("sam").get("/admin/chat/message/", {"q": typed}).content.decode()
    assert "at least 3 letters in a row" in page
    assert "0 in the list" in page
