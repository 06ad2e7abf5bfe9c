"""The facts from a desk's log: waiting times and due times."""

import datetime
import itertools
import zoneinfo

import pytest

from chat.support.desk_facts import Dues, Fact, Targets, count, dues_of
from chat.support.models import Interval, Tally
from chat.support.schedule import Schedule

pytestmark = pytest.mark.fast

YEAR = 2026
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
OFFICE = Schedule(BERLIN, [[(9 * 60, 12 * 60), (13 * 60, 17 * 60)]] * 5 + [[], []])
HOUR: Targets = {"first": 60, "next": 60, "solve": 240}
AGENT, OTHER, VISITOR = 1, 2, 3


def at(day: int, hour: int, minute: int = 0) -> datetime.datetime:
    """In November of YEAR: the 16th is a Monday."""
    return datetime.datetime(YEAR, 11, day, hour, minute, tzinfo=BERLIN)


class Desk:
    """A conversation, and what was counted of it."""

    def __init__(self, *, hours: Schedule | None = OFFICE, targets: Targets = HOUR) -> None:
        self.hours, self.targets = hours, targets
        self.tally = Tally(conversation_id=7, episode=0, began_at=at(1, 0))
        self.ended: list[Interval] = []
        self.numbers = itertools.count(1)
        self.assignee: int | None = None
        self.episode = 1

    def happens(
        self, word: str, when: datetime.datetime, *, by: int = AGENT, waits_since: datetime.datetime | None = None
    ) -> None:
        fact = Fact(
            kind=f"conversation.{word}",
            at=when,
            number=next(self.numbers),
            conversation=7,
            episode=self.episode,
            assignee=self.assignee,
            waiting_since=waits_since,
            by=by,
        )
        self.ended += count(self.tally, fact, hours=self.hours, targets=self.targets)

    def writes(self, when: datetime.datetime, *, word: str = "waiting") -> None:
        self.happens(word, when, by=VISITOR, waits_since=when)

    @property
    def dues(self) -> Dues:
        return dues_of(self.tally, hours=self.hours, targets=self.targets)

    def of(self, kind: str) -> list[tuple[int, bool | None]]:
        """Minutes within the hours, and whether that was soon enough."""
        return [(row.business_seconds // 60, row.met) for row in self.ended if row.kind == kind]


def test_what_is_begun_on_friday_evening_is_due_on_monday_morning() -> None:
    desk = Desk()
    desk.writes(at(20, 16, 30), word="begun")
    assert desk.dues == Dues(first=at(23, 9, 30), solve=at(23, 13, 30))
    desk.happens("answered", at(23, 9, 20))
    assert desk.of("first") == [(50, True)]
    [row] = desk.ended
    assert (row.seconds, row.agent_id) == ((64 * 60 + 50) * 60, AGENT)


def test_an_answer_after_the_time_is_late() -> None:
    desk = Desk()
    desk.writes(at(16, 9), word="begun")
    desk.happens("answered", at(16, 10, 1))
    assert desk.of("first") == [(61, False)]


def test_nothing_is_due_while_the_customer_is_silent() -> None:
    desk = Desk()
    desk.writes(at(16, 9), word="begun")
    desk.happens("answered", at(16, 9, 10))
    assert desk.dues == Dues()
    desk.writes(at(19, 9))
    assert desk.dues == Dues(next=at(19, 10), solve=at(19, 13, 50))
    desk.happens("answered", at(19, 9, 20))
    desk.happens("resolved", at(20, 16))
    assert (desk.of("next"), desk.of("solve")) == ([(20, True)], [(30, True)])


def test_a_reopened_conversation_counts_from_its_new_message() -> None:
    desk = Desk()
    desk.writes(at(16, 9), word="begun")
    desk.happens("answered", at(16, 9, 5))
    desk.happens("resolved", at(16, 9, 6))
    desk.episode = 2
    desk.writes(at(20, 14), word="reopened")
    assert desk.dues.first == at(20, 15)
    desk.happens("answered", at(20, 14, 10))
    assert [(row.episode, row.business_seconds) for row in desk.ended if row.kind == "first"] == [(1, 300), (2, 600)]


def test_snoozed_time_does_not_count() -> None:
    desk = Desk()
    desk.writes(at(16, 9), word="begun")
    desk.happens("snoozed", at(16, 9, 30))
    assert desk.dues == Dues()
    desk.happens("woken", at(18, 9), waits_since=at(16, 9))
    assert desk.dues.first == at(18, 9, 30)
    desk.happens("answered", at(18, 9, 25))
    assert desk.of("first") == [(55, True)]


def test_what_is_overdue_stays_due_when_it_was() -> None:
    desk = Desk(hours=None)
    desk.writes(at(16, 9), word="begun")
    desk.happens("claimed", at(16, 11), waits_since=at(16, 9))
    assert desk.dues.first == at(16, 10)


def test_each_holding_ends_with_the_next_one() -> None:
    desk = Desk()
    desk.writes(at(16, 9), word="begun")
    for agent, minute in ((AGENT, 10), (OTHER, 30), (None, 45)):
        desk.assignee = agent
        desk.happens("claimed" if agent else "lapsed", at(16, 9, minute), waits_since=at(16, 9))
    assert [(row.agent_id, row.business_seconds) for row in desk.ended if row.kind == "held"] == [
        (AGENT, 1200),
        (OTHER, 900),
    ]
    assert desk.dues.first == at(16, 10)


def test_what_was_resolved_without_an_answer_has_no_first_answer() -> None:
    desk = Desk()
    desk.writes(at(16, 9), word="begun")
    desk.happens("resolved", at(16, 9, 30))
    assert (desk.of("first"), desk.of("solve"), desk.dues) == ([], [(30, True)], Dues())


def test_without_a_policy_nothing_is_late() -> None:
    desk = Desk(targets={})
    desk.writes(at(16, 9), word="begun")
    assert desk.dues == Dues()
    desk.happens("answered", at(20, 9))
    assert [met for _, met in desk.of("first")] == [None]
