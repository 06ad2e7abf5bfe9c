"""Reports: percentiles over what was counted, of the inboxes that somebody supervises."""

import csv
import datetime
import io
from typing import Any

import pytest

from chat.models import Conversation, Day, User
from chat.support.models import Agent, Interval, Rating
from chat.support.reads.reports import report
from chat.support.shapes.report import Satisfaction, Spread
from delivery.wire.errors import Forbidden, Invalid
from tests.stage.callers import browser
from tests.stage.moments import DAY, on_days
from tests.stage.support import Desk

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = datetime.timedelta(hours=1)
MONTH = {"since": DAY - 30 * 24 * HOUR, "until": DAY + 24 * HOUR}


def wait(
    conversation: Conversation, agent: User, seconds: int, *, at: datetime.datetime, met: bool | None = None
) -> None:
    Interval.objects.create(
        conversation=conversation,
        episode=Interval.objects.count() + 1,
        kind="first",
        agent=agent,
        began_at=at - datetime.timedelta(seconds=seconds),
        ended_at=at,
        seconds=seconds,
        business_seconds=seconds,
        met=met,
    )


@pytest.fixture
def counted(desk: Desk, conversation: Conversation) -> Desk:
    for number in range(1, 11):
        wait(conversation, desk.ada, number * 60, at=DAY, met=number <= 8)
    wait(conversation, desk.ben, 30, at=DAY - 24 * HOUR)
    wait(conversation, desk.ben, 30, at=DAY + 24 * HOUR)
    for episode, score in enumerate((5, 4, 1), 1):
        Rating.objects.create(conversation=conversation, episode=episode, score=score, agent=desk.ada, created_at=DAY)
    return desk


def rows(user: User, by: str, **more: Any) -> dict[str, Any]:
    return {row.name: row for row in report(user, by=by, **{**MONTH, **more}).rows}


def test_a_report_has_percentiles_and_the_share_that_was_soon_enough(counted: Desk) -> None:
    found = rows(counted.sue, "agent")
    assert found["Ada"].first == Spread(count=10, p50=300, p90=540, met=0.8)
    assert found["Ada"].ratings == Satisfaction(count=3, average=3.33, satisfied=0.6667)
    assert found["Ben"].first == Spread(count=1, p50=30, p90=30, met=None)
    assert (found["Ben"].next, found["Ben"].ratings) == (None, None)


def test_a_report_is_by_day_or_by_inbox_too(counted: Desk) -> None:
    days = rows(counted.sue, "day")
    assert [(name, row.first.count) for name, row in days.items()] == [
        (f"{DAY - 24 * HOUR:%Y-%m-%d}", 1),
        (f"{DAY:%Y-%m-%d}", 10),
    ]
    assert rows(counted.sue, "inbox")["Shop"].first.count == 11


def test_a_supervisor_reads_of_their_own_inboxes_alone(counted: Desk) -> None:
    Agent.objects.filter(user=counted.ben).update(supervises=False)
    for user in (counted.ben, counted.dan):
        with pytest.raises(Forbidden):
            rows(user, "day")
    with pytest.raises(Forbidden):
        rows(counted.sue, "day", inbox=counted.inbox.pk + 1)


@pytest.mark.parametrize("more", [{"until": MONTH["since"]}, {"since": DAY - 500 * 24 * HOUR}])
def test_a_report_is_of_a_bounded_time(counted: Desk, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        rows(counted.sue, "day", **more)


def test_the_page_shows_the_figures_to_who_supervises(counted: Desk) -> None:
    asked = {"from": f"{DAY - 30 * 24 * HOUR:%Y-%m-%d}", "to": f"{DAY:%Y-%m-%d}"}
    page = browser("sue").get("/admin/desk/reports/", asked)
    assert page.status_code == 200
    text = page.content.decode()
    assert "5 min, nine of ten in 9 min (10, 80% in time)" in text
    assert "3.3 of 5 (3)" in text
    assert f'"key":"{DAY:%Y-%m-%d}"' in text
    assert browser("ben").get("/admin/desk/reports/").status_code == 403


def test_the_page_of_the_operation_says_how_soon_the_desk_answers_each_day(counted: Desk) -> None:
    User.objects.filter(pk=counted.sue.pk).update(is_staff=True, is_superuser=True)
    for day in (DAY - 24 * HOUR, DAY):
        Day.objects.create(day=day.date(), people=1, hours=[0] * 24)
    client = browser("sue")
    page = client.get("/admin/chat/minute/").content.decode()
    assert f"<td>{DAY:%Y-%m-%d}</td><td>1</td><td>0</td><td>5 min (9 min)</td><td>–</td>" in page
    days = csv.DictReader(io.StringIO(client.get("/admin/chat/minute/days.csv").content.decode()))
    assert [(day["first_p50_seconds"], day["first_p90_seconds"], day["solve_p50_seconds"]) for day in days] == [
        ("300", "540", ""),
        ("30", "30", ""),
    ]


NOT_SHOWN = [(on_days("from={day}&to={eve}"), 400), ("inbox=999999", 400), ("from=x&to=0000-99-99&inbox=z", 200)]


@pytest.mark.parametrize(("query", "status"), NOT_SHOWN)
def test_the_page_says_what_can_not_be_shown(counted: Desk, query: str, status: int) -> None:
    assert browser("sue").get(f"/admin/desk/reports/?{query}").status_code == status
