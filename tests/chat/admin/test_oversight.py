"""What the staff see of private conversations: reported messages, and the rest only with a reason, an audit line and an end."""

import datetime
import re
from typing import Any

import pytest

from chat import clock, services
from chat.models import AuditEntry, Channel, Member, Message, Report, User
from delivery.wire.errors import Forbidden, Invalid, NotFound
from tests.conftest import Cast, said
from tests.stage.admin_house import page_of
from tests.stage.callers import Caller, browser
from tests.stage.moderation import message_of, staff

pytestmark = pytest.mark.django_db

#: What nobody but the people in it may read anywhere.
SECRET = "the-secret-of-alice-and-bob"
STAFF = ("sam", "mo", "agnes", "otto")


@pytest.fixture
def house(cast: Cast) -> Cast:
    """Secrets in a private and in a direct channel, edited once, something public, and one of each of the staff."""
    for name, role in (("mo", "Moderator"), ("agnes", "Support agent"), ("otto", "Auditor")):
        staff(name, role)
    said(cast.alice, direct(cast), f"{SECRET} direct")
    row = message_of(cast.bob, cast, f"{SECRET} before")
    services.edit_message(cast.bob, channel=cast.team.pk, message=row.pk, body=f"{SECRET} private")
    public = services.open_channel(cast.charlie, name="square")
    said(cast.charlie, public, "something public")
    return cast


def direct(cast: Cast) -> Channel:
    return services.open_direct_channel(cast.alice, others=[cast.bob])[0]


def pages(cast: Cast) -> list[str]:
    """Every list, searched and filtered for the secret, and every row's page."""
    kinds = ("report", "message", "channel", "member", "sanction", "user", "ban", "auditentry")
    lists = [f"/admin/chat/{kind}/" for kind in kinds]
    asked = [
        f"/admin/chat/message/?{query}" for query in ("q=secret-of", "sender=bob", f"in={cast.team.pk}", "edited=yes")
    ]
    rows = [*Message.objects.all(), *Channel.objects.all(), *Member.objects.all(), *User.objects.all()]
    return ["/admin/", *lists, *asked, "/admin/chat/user/?q=alice", *(page_of(row) for row in rows)]


def test_who_was_muted_in_a_direct_conversation_is_shown_to_who_has_muted_them_alone(house: Cast) -> None:
    pair = direct(house)
    until = clock.now() + datetime.timedelta(days=1)
    services.mute_member(house.sam, channel=pair.pk, user=house.bob, until=until, reason="threats")
    services.create_user("tess", is_staff=True)
    for who, sees in (("sam", True), ("tess", False), ("mo", False)):
        assert ("threats" in browser(who).get("/admin/chat/sanction/").content.decode()) is sees, who
    for who, sees in (("sam", True), ("tess", False)):
        _, _, below = browser(who).get(page_of(pair)).content.decode().partition("Mutes and removals")
        table, _, _ = below.partition("<h2")
        assert (page_of(house.bob) in table) is sees, who


@pytest.mark.parametrize("who", STAFF)
def test_no_page_of_the_admin_shows_what_was_said_in_private(house: Cast, who: str) -> None:
    client = browser(who)
    for page in pages(house):
        answer = client.get(page)
        assert SECRET not in answer.content.decode(), page
    public = client.get("/admin/chat/message/")
    assert ("something public" in public.content.decode()) is (who in ("sam", "mo"))


@pytest.mark.parametrize("who", STAFF)
def test_no_path_of_the_api_tells_the_staff_what_was_said_in_private(house: Cast, who: str) -> None:
    program = Caller(User.objects.get(username=who))
    rows = Message.objects.filter(body__contains=SECRET)
    assert len(rows) == 2
    for row in rows:
        place = f"channels/{row.channel_id}/"
        asked = [place, f"{place}members/", f"{place}messages/", f"{place}messages/{row.pk}/", f"{place}changes/"]
        for path in [*asked, f"moderation/messages/{row.pk}/"]:
            answer = program.get(path)
            assert answer.status_code in (403, 404), path
            assert SECRET not in answer.content.decode()
    for path in ("moderation/reports/", "moderation/audit/", "moderation/members/muted/", "channels/"):
        assert SECRET not in program.get(path).content.decode()
    assert program.get("search/", q="secret").json()["results"] == []


def test_what_is_reported_is_shown_with_its_context_and_versions(house: Cast) -> None:
    row = Message.objects.get(body=f"{SECRET} private")
    services.report_message(house.alice, channel=house.team.pk, message=row.pk, reason="rude")
    report = Report.objects.get()
    mo = browser("mo")
    for page in (page_of(report), page_of(row), f"/admin/chat/message/?in={house.team.pk}"):
        assert f"{SECRET} private" in mo.get(page).content.decode(), page
    assert f"{SECRET} before" in mo.get(page_of(row)).content.decode()
    program = Caller(User.objects.get(username="mo"))
    assert program.get(f"moderation/messages/{row.pk}/").json()["versions"][0]["body"] == f"{SECRET} before"
    assert SECRET not in browser("agnes").get(page_of(row)).content.decode()


@pytest.mark.parametrize(
    ("who", "private", "people"), [("sam", True, True), ("mo", True, True), ("otto", False, False)]
)
def test_who_may_act_in_a_private_channel_sees_that_it_exists_and_nobody_sees_who_is_in_a_direct_one(
    house: Cast, who: str, private: bool, people: bool
) -> None:
    client, talk = browser(who), direct(house)
    assert ("#team" in client.get("/admin/chat/channel/").content.decode()) is private
    assert (client.get(page_of(house.team)).status_code == 200) is private
    assert ("#team" in client.get(page_of(house.bob)).content.decode()) is people
    for page in (page_of(talk), page_of(house.alice), "/admin/chat/member/"):
        body = client.get(page).content.decode()
        assert f"direct conversation {talk.pk}</a></td><td>" not in body, page
    for page in (page_of(talk), "/admin/chat/channel/?kind__exact=direct"):
        body = client.get(page).content.decode()
        # As words: a token is any letters.
        assert not re.search(r"\b(alice|bob)\b", body), page


# ---- reading ----


def read(client: Any, channel: Channel, reason: str = "bob asked us to look") -> Any:
    given = {"confirmed": "yes", "reason": reason}
    return client.post(f"/admin/chat/channel/{channel.pk}/act/read/", given, follow=True)


@pytest.mark.parametrize("who", ["sam", "mo"])
def test_a_private_conversation_is_read_with_a_reason_a_line_and_an_end(
    house: Cast, who: str, standing_clock: datetime.datetime
) -> None:
    client, url = browser(who), f"/admin/chat/channel/{house.team.pk}/reading/"
    assert client.get(url).headers["Location"].endswith("/act/read/")
    assert read(client, house.team, reason="  ").status_code == 400
    assert not AuditEntry.objects.filter(act="channel.read").exists()
    page = read(client, house.team).content.decode()
    assert f"{SECRET} private" in page
    assert re.search(r"Members: alice, bob\.", page)
    [line] = AuditEntry.objects.filter(act="channel.read")
    assert (line.actor.username, line.channel, line.reason, line.door) == (  # type: ignore[union-attr]
        who,
        house.team,
        "bob asked us to look",
        "admin",
    )
    assert client.get(url).status_code == 200, "for a while"
    with clock.at(clock.now() + datetime.timedelta(minutes=15, seconds=1)):
        assert client.get(url).status_code == 302, "and not for longer"
    assert SECRET not in client.get("/admin/chat/message/?q=secret-of").content.decode()


def test_a_reading_is_of_one_channel_by_one_person_and_only_to_look_at(house: Cast) -> None:
    assert read(browser("mo"), direct(house)).status_code == 200
    page = browser("mo").get(f"/admin/chat/channel/{direct(house).pk}/reading/").content.decode()
    assert f"{SECRET} direct" in page
    assert "<textarea" not in page
    assert browser("mo").get(f"/admin/chat/channel/{house.team.pk}/reading/").status_code == 302
    assert browser("sam").get(f"/admin/chat/channel/{direct(house).pk}/reading/").status_code == 302


@pytest.mark.parametrize("who", ["agnes", "otto"])
def test_who_may_not_is_told_the_same_whether_there_is_such_a_channel_or_not(house: Cast, who: str) -> None:
    client = browser(who)
    for path in ("reading/", "act/read/"):
        answers = [client.get(f"/admin/chat/channel/{pk}/{path}") for pk in (house.team.pk, 999_999)]
        assert [answer.status_code for answer in answers] == [403, 403]
    for pk in (house.team.pk, 999_999):
        with pytest.raises(Forbidden):
            services.inspect_channel(User.objects.get(username=who), channel=pk, reason="curious")


def test_the_reading_of_long_conversations_goes_page_by_page(house: Cast) -> None:
    for number in range(60):
        said(house.alice, house.team, f"line {number}")
    page = read(browser("mo"), house.team).content.decode()
    assert "line 59" in page
    assert "line 9<" not in page
    [before] = re.findall(r'href="\?before=(\d+)"', page)
    older = browser("mo").get(f"/admin/chat/channel/{house.team.pk}/reading/?before={before}").content.decode()
    assert f"{SECRET} private" in older
    for asked in ("before=x", "before=1&q=2", "q=1"):
        assert browser("mo").get(f"/admin/chat/channel/{house.team.pk}/reading/?{asked}").status_code == 404


def test_what_needs_no_reading_is_refused(house: Cast) -> None:
    with pytest.raises(Invalid):
        services.inspect_channel(house.sam, channel=Channel.objects.get(name="square").pk, reason="bored")
    with pytest.raises(NotFound):
        services.inspect_channel(house.sam, channel=999_999, reason="bored")
    with pytest.raises(Forbidden):
        services.inspect_channel(house.alice, channel=house.team.pk, reason="I own it")
