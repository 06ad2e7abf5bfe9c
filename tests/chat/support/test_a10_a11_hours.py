"""Hours, policies and what is due: from a conversation's first message to the facts, over a weekend, holidays and silence."""

import datetime
import zoneinfo
from typing import Any

import pytest

from chat import clock
from chat.models import Conversation
from chat.support import services
from chat.support.models import Hours, Inbox, Interval, Ticket
from chat.support.services.agent_mails import warn_of_dues
from chat.support.services.hours import keep_hours, keep_policies
from delivery.wire.errors import Conflict, Forbidden, Invalid, NotFound
from tests.conftest import said
from tests.stage.callers import browser
from tests.stage.moments import NOW, on_days
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, answer, count_all

pytestmark = pytest.mark.django_db(transaction=True)

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
OFFICE = [[(9 * 60, 12 * 60), (13 * 60, 17 * 60)]] * 5 + [[], []]
HOUR = {("normal", "first"): 60, ("normal", "next"): 60}
TODAY = NOW.astimezone(BERLIN).date()
#: Of the week that comes.
FRIDAY = TODAY + datetime.timedelta(days=7 + 4 - TODAY.weekday())
MONDAY = FRIDAY + datetime.timedelta(days=3)


def at(day: datetime.date, hour: int, minute: int = 0) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(hour, minute), tzinfo=BERLIN)


@pytest.fixture
def office(desk: Desk, standing_clock: datetime.datetime) -> Desk:
    """Open from Monday to Friday, and answers within an hour."""
    hours = keep_hours(desk.sue, name="Office", time_zone="Europe/Berlin", week=OFFICE)
    keep_policies(desk.sue, inbox=desk.inbox.pk, minutes=HOUR)
    services.change_inbox(desk.sue, inbox=desk.inbox.pk, hours=hours)
    return desk


def due(conversation: Conversation) -> Ticket:
    count_all()
    return Ticket.objects.get(pk=conversation.pk)


def test_a10_one_hour_from_friday_evening_is_monday_half_past_nine_and_after_a_holiday_tuesday(
    office: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    with clock.at(at(FRIDAY, 16, 30)):
        conversation = vera.begin()
        assert due(conversation).first_due == at(MONDAY, 9, 30)
        hours = Inbox.objects.get(pk=office.inbox.pk).hours_id
        free = {MONDAY: "a holiday"}
        keep_hours(office.sue, hours=hours, name="Office", time_zone="Europe/Berlin", week=OFFICE, holidays=free)
        tuesday = MONDAY + datetime.timedelta(days=1)
        assert due(conversation).first_due == at(tuesday, 9, 30)
    with clock.at(at(tuesday, 9, 29)):
        answer(office.ada, conversation, "Here it is.")
    count_all()
    fact = Interval.objects.get(conversation=conversation, kind="first")
    assert (fact.business_seconds, fact.met) == (59 * 60, True)


def test_a10_nobody_is_warned_outside_the_hours(
    office: Desk, vera: Visit, standing_clock: datetime.datetime, settings: Any
) -> None:
    settings.EMAIL_HOST = "mail.example"
    Inbox.objects.update(mail_from="help@shop.example")
    type(office.ada).objects.filter(pk=office.ada.pk).update(email="ada@shop.example")
    with clock.at(at(FRIDAY, 16, 10)):
        due(vera.begin())
    found = {}
    for moment in (at(FRIDAY, 17, 1), at(FRIDAY, 23), at(MONDAY, 8, 59), at(MONDAY, 9), at(MONDAY, 9, 1)):
        with clock.at(moment):
            found[moment] = warn_of_dues()
    assert list(found.values()) == [0, 0, 0, 1, 0]


def test_a11_after_a_resolved_episode_the_answer_counts_from_the_new_message(
    office: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    monday = FRIDAY - datetime.timedelta(days=4)
    with clock.at(at(monday, 10)):
        conversation = vera.begin()
        answer(office.ada, conversation, "Here it is.")
        services.resolve(office.ada, conversation=conversation.pk)
    with clock.at(at(FRIDAY, 14)):
        channel = conversation.channel
        said(vera.visitor, channel, "And the other one?")
        assert due(conversation).first_due == at(FRIDAY, 15)
    with clock.at(at(FRIDAY, 14, 10)):
        answer(office.ada, conversation, "That too.")
        assert (due(conversation).first_due, due(conversation).next_due) == (None, None)
    facts = Interval.objects.filter(conversation=conversation, kind="first").order_by("episode")
    assert [(fact.episode, fact.business_seconds, fact.met) for fact in facts] == [(1, 0, True), (2, 600, True)]


def test_a11_nothing_is_due_while_the_customer_is_silent_or_it_is_snoozed(
    office: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    with clock.at(at(FRIDAY, 9)):
        conversation = vera.begin()
    with clock.at(at(FRIDAY, 9, 20)):
        services.snooze(office.ada, conversation=conversation.pk, until=at(FRIDAY, 15))
        assert due(conversation).first_due is None
    with clock.at(at(FRIDAY, 14)):
        said(vera.visitor, conversation.channel, "Hello?")
        assert due(conversation).first_due == at(FRIDAY, 14, 40)
    with clock.at(at(FRIDAY, 14, 30)):
        answer(office.ada, conversation, "Here it is.")
        assert due(conversation).first_due is None
    fact = Interval.objects.get(conversation=conversation, kind="first")
    assert (fact.business_seconds, fact.met) == (50 * 60, True)


def test_another_priority_has_its_own_policy_at_once(
    office: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    keep_policies(office.sue, inbox=office.inbox.pk, minutes={**HOUR, ("urgent", "first"): 10})
    with clock.at(at(FRIDAY, 10)):
        conversation = vera.begin()
        assert due(conversation).first_due == at(FRIDAY, 11)
        services.revise(office.ada, conversation=conversation.pk, priority="urgent")
        assert Ticket.objects.get(pk=conversation.pk).first_due == at(FRIDAY, 10, 10)


def test_only_who_supervises_changes_hours_and_policies(office: Desk) -> None:
    for user in (office.ben, office.dan):
        with pytest.raises(Forbidden):
            keep_hours(user, name="Mine", time_zone="UTC", week=OFFICE)
    with pytest.raises(Forbidden):
        keep_policies(office.ben, inbox=office.inbox.pk, minutes={})
    with pytest.raises(NotFound):
        keep_policies(office.dan, inbox=office.inbox.pk, minutes={})
    with pytest.raises(Conflict):
        keep_hours(office.sue, name="Office", time_zone="UTC", week=OFFICE)


@pytest.mark.parametrize(
    "monday", [[(540, 720), (700, 800)], [(720, 540)], [(0, 1441)], [(600, 600)], [(n, n + 1) for n in range(0, 22, 2)]]
)
def test_spans_of_a_day_are_apart_and_within_it(office: Desk, monday: list[tuple[int, int]]) -> None:
    with pytest.raises(Invalid):
        keep_hours(office.sue, name="Odd", time_zone="UTC", week=[monday, *OFFICE[1:]])


def test_hours_and_policies_are_kept_over_http(server: Server, desk: Desk) -> None:
    office = {
        "name": "Office",
        "time_zone": "Europe/Berlin",
        "spans": [{"weekday": 0, "opens": "09:00", "closes": "24:00"}],
    }
    with desk.http(server, desk.sue) as http:
        made = http.post("hours/", json=office)
        assert made.status_code == 201, made.text
        assert made.json() == {**office, "id": made.json()["id"], "holidays": []}
        path = f"hours/{made.json()['id']}/"
        free = [on_days("{day}")]
        assert http.patch(path, json={**office, "holidays": free}).json()["holidays"] == free
        assert http.patch(f"inboxes/{desk.inbox.pk}/", json={"hours": made.json()["id"]}).status_code == 200
        policies = {"policies": [{"priority": "high", "kind": "first", "minutes": 30}]}
        assert http.patch(f"inboxes/{desk.inbox.pk}/policies/", json=policies).json() == policies
        sunday = {"weekday": 7, "opens": "09:00", "closes": "10:00"}
        for wrong in (
            {"holidays": ["1999-13-45"]},
            {"time_zone": "Mars"},
            {"spans": [sunday]},
        ):
            assert http.patch(path, json={**office, **wrong}).status_code == 400, wrong
    assert desk.http(server, desk.ben).get(path).status_code == 200
    assert desk.http(server, desk.ben).patch(path, json=office).status_code == 403


def test_hours_and_policies_are_kept_on_a_page(desk: Desk) -> None:
    page, path = browser("sue"), "/admin/desk/hours/"
    typed = {"which": "new", "new-name": "Office", "new-time_zone": "Europe/Berlin", "new-holidays": on_days("{day}")}
    wrong = page.post(path, {**typed, "new-week": "Mon nine to five"})
    assert (wrong.status_code, "is not like Mon" in wrong.content.decode()) == (400, True)
    assert page.post(path, {**typed, "new-week": "Mon 09:00-12:00, 13:00-17:00\ntue 10:00 - 24:00"}).status_code == 302
    hours = Hours.objects.get()
    assert [(span.weekday, span.opens, span.closes) for span in hours.spans.all()] == [
        (0, 540, 720),
        (0, 780, 1020),
        (1, 600, 1440),
    ]
    name = f"inbox-{desk.inbox.pk}"
    given = {"which": name, f"{name}-hours": hours.pk, f"{name}-normal-first": 60}
    assert page.post(path, given).status_code == 302
    inbox = Inbox.objects.get(pk=desk.inbox.pk)
    assert (inbox.hours, [str(one) for one in inbox.policies.all()]) == (hours, ["normal first: 60 min"])
    shown = page.get(path).content.decode()
    assert "Mon 09:00-12:00, 13:00-17:00" in shown
    assert browser("ben").get(path).status_code == 403
