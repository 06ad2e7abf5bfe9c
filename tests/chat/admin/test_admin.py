"""The staff's site: its pages by role, no writes, acts through the verbs, and no count of a large table."""

import asyncio
import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chat import services
from chat.models import AuditEntry, Ban, Channel, Member, Message, Report, Sanction, User
from tests.conftest import Cast, in_thread, said
from tests.stage.admin_house import SEES, page_of
from tests.stage.callers import browser
from tests.stage.moderation import message_of, staff
from tests.stage.servers import Server
from tests.stage.sockets import push

pytestmark = pytest.mark.django_db


def rows() -> list[Any]:
    kinds = (Report, Message, Channel, Member, Sanction, User, Ban, AuditEntry)
    return [row for kind in kinds if (row := kind.objects.order_by("-pk").first()) is not None]


@pytest.mark.parametrize("who", SEES)
def test_each_group_sees_its_lists_and_rows_and_nothing_else(house: Cast, who: str) -> None:
    client = browser(who)
    front = client.get("/admin/")
    assert front.status_code == (200 if SEES[who] else 302)
    for row in rows():
        kind = row._meta.model_name
        expected = 200 if kind in SEES[who] else 403 if SEES[who] else 302
        assert client.get(f"/admin/chat/{kind}/").status_code == expected, kind
        # Private channels, and who is in them, are there for those who may act in them.
        is_hidden = expected == 200 and kind in ("channel", "member", "sanction") and who in ("agnes", "otto")
        assert client.get(page_of(row)).status_code == (302 if is_hidden else expected), kind
        if SEES[who]:
            assert (f"/admin/chat/{kind}/" in front.content.decode()) == (expected == 200), kind


@pytest.mark.parametrize("who", ["mo", "otto"])
def test_links_lead_only_where_one_may_go(house: Cast, who: str) -> None:
    client = browser(who)
    pages = ["/admin/", *(page_of(row) for row in rows() if row._meta.model_name in SEES[who])]
    pages += [f"/admin/chat/{kind}/" for kind in SEES[who]]
    links = {
        link for page in pages for link in re.findall(r'href="(/admin/[^"#]*)"', client.get(page).content.decode())
    }
    assert len(links) > 10
    for link in links:
        assert client.get(link.replace("&amp;", "&")).status_code == 200, link


def test_nothing_can_be_added_changed_or_deleted_not_even_by_a_superuser(house: Cast) -> None:
    client = browser("sam")
    for row in rows():
        kind = row._meta.model_name
        assert client.get(f"/admin/chat/{kind}/add/").status_code == 403
        assert client.get(f"/admin/chat/{kind}/{row.pk}/delete/").status_code == 403
        assert client.post(page_of(row), {"reason": "rewritten", "username": "root"}).status_code == 403
        assert '<input type="text"' not in client.get(page_of(row)).content.decode()
    assert not User.objects.filter(username="root").exists()


def test_every_model_of_the_admin_is_read_only() -> None:
    for model_admin in admin.site._registry.values():
        assert type(model_admin).__module__.startswith(("chat.admin.", "chat.support.admin.")), model_admin
        assert not model_admin.has_add_permission(None)  # type: ignore[arg-type]
        assert not model_admin.has_change_permission(None)  # type: ignore[arg-type]
        assert not model_admin.has_delete_permission(None)  # type: ignore[arg-type]


#: The list, the act, what else its form asks, and the line that then stands in the log.
ACTS: list[tuple[str, str, dict[str, Any], str]] = [
    ("message", "delete_message", {}, "message.deleted"),
    ("report", "delete", {}, "message.deleted"),
    ("report", "uphold", {}, "report.upheld"),
    ("report", "dismiss", {}, "report.dismissed"),
    ("report", "mute_author", {"minutes": 60}, "member.muted"),
    ("report", "ban_author", {}, "user.banned"),
    ("member", "mute", {"minutes": 15}, "member.muted"),
    ("member", "remove", {}, "member.removed"),
    ("member", "remove", {"minutes": 60}, "member.removed"),
    ("sanction", "lift_sanction", {}, "member.readmitted"),
    ("user", "ban", {}, "user.banned"),
    ("user", "lift_ban", {}, "ban.lifted"),
    ("ban", "lift", {}, "ban.lifted"),
]


def whom_of(house: Cast, name: str) -> User:
    return {"lift_ban": house.vera, "lift": house.vera, "lift_sanction": house.charlie}.get(name, house.bob)


def subject(house: Cast, kind: str, name: str) -> Any:
    if kind == "user":
        return whom_of(house, name)
    if kind == "sanction":
        return Sanction.objects.get()
    if kind == "member":
        return Member.objects.get(user=house.bob)
    if kind == "message":
        return Message.objects.get(kind="text")
    return Report.objects.get() if kind == "report" else Ban.objects.get()


@pytest.mark.parametrize(("kind", "name", "more", "act"), ACTS, ids=["-".join([c[0], c[1], *c[2]]) for c in ACTS])
def test_an_act_asks_for_a_reason_and_goes_through_its_verb(
    house: Cast, kind: str, name: str, more: dict[str, Any], act: str
) -> None:
    row = subject(house, kind, name)
    # From the list for reports, from the row's page for everything else.
    is_bulk = kind == "report"
    url = f"/admin/chat/{kind}/" if is_bulk else f"/admin/chat/{kind}/{row.pk}/act/{name}/"
    chosen = {"action": name, "index": "0", "_selected_action": [row.pk]} if is_bulk else {}

    mo, agnes, otto = browser("mo"), browser("agnes"), browser("otto")

    def send(client: Client, **given: Any) -> Any:
        return client.post(url, {**chosen, **more, **given})

    before = AuditEntry.objects.count()
    assert b"The audit log keeps it" in send(mo).content, "asks first"
    assert send(mo, confirmed="yes", reason="  ").status_code == 400
    for client in (agnes, otto):
        send(client, confirmed="yes", reason="because")
        assert AuditEntry.objects.count() == before
    assert send(mo, confirmed="yes", reason="because").status_code == 302
    entry = AuditEntry.objects.filter(act=act).latest("pk")
    whom = whom_of(house, name)
    assert (entry.actor.username, entry.whom, entry.reason) == ("mo", whom, "because")  # type: ignore[union-attr]
    assert (entry.door, entry.address) == ("admin", "127.0.0.1")


def test_a_refusal_is_said_and_holds_up_no_other(house: Cast) -> None:
    chosen = [Member.objects.get(user=house.alice).pk, Member.objects.get(user=house.bob).pk]
    given = {"action": "remove", "index": "0", "_selected_action": chosen, "confirmed": "yes", "reason": "out"}
    page = browser("mo").post("/admin/chat/member/", given, follow=True).content.decode()
    assert "Alice in #team: A channel keeps at least one owner" in page
    assert not Member.objects.filter(user=house.bob).exists()


def test_staff_roles_are_given_by_superusers_on_a_persons_page(house: Cast) -> None:
    url = f"/admin/chat/user/{house.charlie.pk}/act/roles/"
    given = {"confirmed": "yes", "roles": ["Auditor"], "reason": "the new auditor"}
    assert browser("mo").post(url, given).status_code == 403
    assert browser("sam").post(url, given).status_code == 302
    assert list(Group.objects.filter(user=house.charlie).values_list("name", flat=True)) == ["Auditor"]
    assert browser("charlie").get("/admin/chat/auditentry/").status_code == 200


# ---- the doors ----


def test_the_admin_is_entered_by_the_guarded_door(house: Cast) -> None:
    client = Client()
    page = client.get("/admin/chat/report/", follow=True)
    assert page.redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2Fchat%2Freport%2F"
    assert client.get("/admin/logout/").status_code == 405
    page = Client().post("/admin/login/", {"username": "sam", "password": "x"})
    assert (page.status_code, page.headers["Location"]) == (302, "/sign-in/?next=/admin/")


def test_a_user_who_is_no_staff_is_told_so_and_not_redirected_in_circles(house: Cast) -> None:
    answer = browser("alice").get("/admin/", follow=True)
    assert (answer.status_code, len(answer.redirect_chain)) == (403, 1)


def test_the_first_page_says_what_is_waiting(house: Cast) -> None:
    page = browser("mo").get("/admin/").content.decode()
    assert re.search(r"<strong>1</strong> open report\b", page)
    assert re.search(r"<strong>1</strong> active ban\b", page)
    assert "other words" in page
    page = browser("agnes").get("/admin/").content.decode()
    assert re.search(r"<strong>1</strong> active ban\b", page)
    assert "open report" not in page
    assert "other words" not in page
    assert "Recent acts" not in page
    assert "Recent acts" in browser("otto").get("/admin/").content.decode()


# ---- what a page shows ----


def test_a_messages_page_shows_its_history_to_moderators_and_its_receipts(house: Cast) -> None:
    row = Message.objects.get(kind="text")
    services.read_channel(house.alice, channel=house.team.pk, seq=row.seq)
    page = browser("mo").get(page_of(row)).content.decode()
    assert "first words" in page
    assert re.search(r"alice</a></td><td><span class=\"gapless-badge good\">read", page)
    assert "first words" not in browser("otto").get(page_of(Report.objects.get())).content.decode()


@pytest.mark.parametrize(
    ("kind", "typed", "found"),
    [
        ("message", "other", 1),
        ("message", "othre words", 1),
        ("message", "zzz", 0),
        ("message", "%%%", 0),
        ("user", "CHARL", 1),
        ("user", "charlei", 1),
        ("channel", "tea", 1),
        ("member", "bob", 1),
        ("message", "ot", 0),
    ],
)
def test_search_finds_parts_of_words_and_forgives_small_mistakes(
    house: Cast, kind: str, typed: str, found: int
) -> None:
    page = browser("sam").get(f"/admin/chat/{kind}/", {"q": typed}).content.decode()
    assert f"{found} in the list" in page


@pytest.mark.parametrize(
    ("kind", "query", "found"),
    [
        ("message", {"in": "team"}, 1),
        ("message", {"in": "nowhere"}, 0),
        ("message", {"sender": "@bob", "kind": "text"}, 1),
        ("message", {"edited": "yes"}, 1),
        ("message", {"deleted": "yes"}, 0),
        ("report", {"message__sender": "bob"}, 1),
        ("report", {"state": "closed"}, 0),
        ("ban", {"standing": "yes"}, 1),
        ("member", {"muted": "yes"}, 0),
        ("member", {"muted": "no"}, 2),
        ("sanction", {"kind__exact": "removal", "standing": "yes"}, 1),
        ("sanction", {"standing": "no"}, 0),
        ("auditentry", {"act__exact": "user.banned", "whom": "vera"}, 1),
    ],
)
def test_lists_are_filtered_by_what_is_typed(house: Cast, kind: str, query: dict[str, str], found: int) -> None:
    page = browser("sam").get(f"/admin/chat/{kind}/", query).content.decode()
    assert f"{found} in the list" in page


@pytest.mark.parametrize("query", [{}, {"q": "words"}, {"in": "team"}, {"sender": "bob"}, {"p": "2"}])
def test_no_list_counts_all_messages_or_offers_all_people(house: Cast, query: dict[str, str]) -> None:
    for number in range(51):
        said(house.bob, house.team, f"many words {number}")
    client = browser("sam")
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/admin/chat/message/", query).content.decode()
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and "messages" in query["sql"]]
    assert counts
    assert all("LIMIT 1001" in count for count in counts), counts
    assert len(queries) < 15
    assert "charlie" not in page, "no select box of everybody"


# ---- sockets ----


@pytest.mark.django_db(transaction=True)
async def test_sockets_see_what_is_done_in_the_admin_at_once(servers: list[Server], cast: Cast) -> None:
    await in_thread(staff, "mo", "Moderator")
    row = await in_thread(message_of, cast.bob, cast, "rude")
    await in_thread(services.report_message, cast.alice, channel=cast.team.pk, message=row.pk, reason="rude")
    client = await in_thread(browser, "mo")

    def act(kind: str, pk: int, name: str, **more: Any) -> int:
        given = {"confirmed": "yes", "reason": "rude", **more}
        return int(client.post(f"/admin/chat/{kind}/{pk}/act/{name}/", given).status_code)

    member = await in_thread(lambda: Member.objects.get(user=cast.bob))
    async with servers[0].connect(cast.token(cast.alice)) as alice, servers[1].connect(cast.token(cast.bob)) as bob:
        assert await in_thread(act, "message", row.pk, "delete_message") == 302
        for socket in (alice, bob):
            deleted = (await push(socket, "changes", within=2))["changes"]
            assert [(change["id"], change["body"]) for change in deleted] == [(row.pk, "")]
        assert await in_thread(act, "member", member.pk, "mute", minutes=15) == 302
        assert (await push(bob, "channel", within=2))["channel"]["muted_until"] is not None
        assert await in_thread(act, "member", member.pk, "remove") == 302
        assert (await push(bob, "channel", within=2))["action"] == "removed"
        assert await in_thread(act, "user", cast.bob.pk, "ban") == 302
        assert (await asyncio.wait_for(bob.wait_closed(), 2))[0] == 4501
