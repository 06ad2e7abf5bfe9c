"""Hours as pure functions: against a clock that is read every quarter of an hour, over changes of clocks and holidays."""

import datetime
import zoneinfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chat.support.schedule import Schedule, due, is_open, next_opening, open_time

pytestmark = pytest.mark.fast

YEAR = 2026
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
OFFICE = [[(9 * 60, 12 * 60), (13 * 60, 17 * 60)]] * 5 + [[], []]
QUARTER = datetime.timedelta(minutes=15)
#: Where clocks change by an hour, by half an hour, at midnight, and where a whole day was left out.
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Pacific/Apia"]
#: Around these, clocks change in some of the zones; the last is the day that Samoa left out.
CHANGES = [(YEAR, 3, 28), (YEAR, 10, 24), (YEAR, 3, 7), (YEAR, 4, 4), (YEAR, 9, 5), (YEAR, 4, 23), (2011, 12, 29)]


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime.datetime:
    return datetime.datetime(year, month, day, hour, minute, tzinfo=BERLIN)


@st.composite
def weeks(draw: st.DrawFn, first: int = 0) -> list[list[tuple[int, int]]]:
    week = []
    for _ in range(7):
        edges = sorted(draw(st.sets(st.integers(first, 96), max_size=6)))
        week.append([(a * 15, b * 15) for a, b in zip(edges[::2], edges[1::2], strict=False)])
    return week


@st.composite
def schedules(draw: st.DrawFn, first: int = 0, zones: int = len(ZONES)) -> Schedule:
    zone = zoneinfo.ZoneInfo(draw(st.sampled_from(ZONES[:zones])))
    days = st.sampled_from([datetime.date(*day) + datetime.timedelta(days=n) for day in CHANGES for n in range(3)])
    return Schedule(zone, draw(weeks(first)), frozenset(draw(st.sets(days, max_size=4))))


def moments(most_days: int = 4) -> st.SearchStrategy[datetime.datetime]:
    return st.builds(
        lambda day, quarters: datetime.datetime(*day, tzinfo=datetime.UTC) + quarters * QUARTER,
        st.sampled_from(CHANGES),
        st.integers(-96, 96 * most_days),
    )


def read_by_the_clock(began_at: datetime.datetime, ended_at: datetime.datetime, hours: Schedule) -> datetime.timedelta:
    passed, now = datetime.timedelta(0), began_at
    while now < ended_at:
        wall = now.astimezone(hours.zone)
        minute = wall.hour * 60 + wall.minute
        if wall.date() not in hours.holidays and any(a <= minute < b for a, b in hours.week[wall.weekday()]):
            passed += QUARTER
        now += QUARTER
    return passed


def test_an_hour_from_friday_evening_ends_on_monday_morning() -> None:
    assert due(at(YEAR, 11, 20, 16, 30), 60, Schedule(BERLIN, OFFICE)) == at(YEAR, 11, 23, 9, 30)


def test_a_holiday_on_monday_moves_it_to_tuesday() -> None:
    hours = Schedule(BERLIN, OFFICE, frozenset({datetime.date(YEAR, 11, 23)}))
    assert due(at(YEAR, 11, 20, 16, 30), 60, hours) == at(YEAR, 11, 24, 9, 30)


@pytest.mark.parametrize("friday", [(YEAR, 3, 27), (YEAR, 10, 23)])
def test_the_wall_clock_counts_when_clocks_change_between(friday: tuple[int, int, int]) -> None:
    monday = datetime.date(*friday) + datetime.timedelta(days=3)
    found = due(at(*friday, 16, 30), 60, Schedule(BERLIN, OFFICE))
    assert found == at(monday.year, monday.month, monday.day, 9, 30)


def test_a_night_in_which_clocks_change_is_as_long_as_it_is() -> None:
    night = Schedule(BERLIN, [[(0, 6 * 60)]] * 7)
    assert open_time(at(YEAR, 3, 29), at(YEAR, 3, 29, 12), night) == datetime.timedelta(hours=5)
    assert open_time(at(YEAR, 10, 25), at(YEAR, 10, 25, 12), night) == datetime.timedelta(hours=7)


def test_what_is_never_open_is_never_due() -> None:
    closed = Schedule(BERLIN, [[]] * 7)
    assert due(at(YEAR, 11, 20), 1, closed) is None
    assert next_opening(at(YEAR, 11, 20), closed) is None
    assert open_time(at(2020, 1, 1), at(YEAR, 1, 1), closed) == datetime.timedelta(0)


def test_without_hours_it_is_always_open() -> None:
    assert is_open(at(YEAR, 11, 22, 3), None)
    assert due(at(YEAR, 11, 20, 23, 30), 60, None) == at(YEAR, 11, 21, 0, 30)


def test_the_next_opening_is_said_while_it_is_closed() -> None:
    hours = Schedule(BERLIN, OFFICE)
    assert next_opening(at(YEAR, 11, 20, 12, 30), hours) == at(YEAR, 11, 20, 13)
    assert next_opening(at(YEAR, 11, 20, 17), hours) == at(YEAR, 11, 23, 9)
    assert is_open(at(YEAR, 11, 20, 9), hours)
    assert not is_open(at(YEAR, 11, 20, 12), hours)


@settings(max_examples=40)
@given(schedules(first=20, zones=3), moments(), st.integers(0, 900))
def test_open_time_is_what_a_clock_on_the_wall_says(
    hours: Schedule, began_at: datetime.datetime, quarters: int
) -> None:
    ended_at = began_at + quarters * QUARTER
    assert open_time(began_at, ended_at, hours) == read_by_the_clock(began_at, ended_at, hours)


@settings(max_examples=40)
@given(schedules(), moments(), st.integers(1, 3000))
@example(
    Schedule(zoneinfo.ZoneInfo("Pacific/Apia"), [[(0, 1440)]] * 7),
    datetime.datetime(*CHANGES[-1], 24 - 1, tzinfo=datetime.UTC),
    2000,
)
def test_due_and_open_time_undo_each_other(hours: Schedule, began_at: datetime.datetime, minutes: int) -> None:
    found = due(began_at, minutes, hours)
    if found is None:
        assert not any(hours.week)
        return
    assert open_time(began_at, found, hours) == datetime.timedelta(minutes=minutes)
    assert open_time(began_at, found - QUARTER / 15, hours) < datetime.timedelta(minutes=minutes)


@settings(max_examples=40)
@given(schedules(), moments(), st.integers(0, 600), st.integers(0, 600))
def test_open_time_adds_up_and_is_never_longer_than_the_time(
    hours: Schedule, first: datetime.datetime, some: int, more: int
) -> None:
    middle, last = first + some * QUARTER, first + (some + more) * QUARTER
    whole = open_time(first, last, hours)
    assert open_time(first, middle, hours) + open_time(middle, last, hours) == whole
    assert datetime.timedelta(0) <= whole <= last - first


@settings(max_examples=40)
@given(schedules(), moments())
def test_what_opens_next_is_open(hours: Schedule, moment: datetime.datetime) -> None:
    opening = next_opening(moment, hours)
    if opening is not None:
        assert is_open(opening, hours)
        assert open_time(moment, opening, hours) == datetime.timedelta(0)
