"""Opening hours as pure functions of times: when something is due, and how much of a time span was open.

Only `schedule_of` reads rows, once. Wall clock times are in the schedule's zone: a time that a change of clocks skips is the moment
of the change; a time that comes twice is the first of both.
"""

import datetime
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat.support.models import Hours

Moment = datetime.datetime
#: How far ahead the functions look for an opening: hours that are closed for longer count as never open.
HORIZON_DAYS = 3660
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Schedule:
    """A week in one zone. `week`: for each weekday, Monday first, its spans in minutes since midnight, sorted, not overlapping."""

    zone: datetime.tzinfo
    week: Sequence[Sequence[tuple[int, int]]]
    holidays: frozenset[datetime.date] = frozenset()


def schedule_of(hours: Hours | None) -> Schedule | None:
    """The schedule of these rows; None: always open."""
    if hours is None:
        return None
    week: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for span in hours.spans.order_by("weekday", "opens"):
        week[span.weekday].append((span.opens, span.closes))
    return Schedule(hours.zone, week, frozenset(hours.holidays.values_list("day", flat=True)))


def due(at: Moment, minutes: float, hours: Schedule | None) -> Moment | None:
    """The first time, in UTC, by which so many open minutes have passed since `at`; None: never within ten years."""
    left = datetime.timedelta(minutes=minutes)
    if hours is None or left <= datetime.timedelta(0):
        return (at + left).astimezone(datetime.UTC)
    for opens, closes in _open_between(at, _horizon(at), hours):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    return None


def open_time(began_at: Moment, ended_at: Moment, hours: Schedule | None) -> datetime.timedelta:
    """How much of the span was open: `open_time(at, due(at, minutes, hours), hours)` is `minutes` again."""
    if ended_at <= began_at:
        return datetime.timedelta(0)
    if hours is None:
        return ended_at - began_at
    spans = _open_between(began_at, ended_at, hours)
    return sum((closes - opens for opens, closes in spans), datetime.timedelta(0))


def is_open(at: Moment, hours: Schedule | None) -> bool:
    return next_opening(at, hours) == at


def next_opening(at: Moment, hours: Schedule | None) -> Moment | None:
    """The next opening; `at` itself if it is open then; None: never within ten years."""
    if hours is None:
        return at
    return next((opens for opens, _ in _open_between(at, _horizon(at), hours)), None)


def _horizon(at: Moment) -> Moment:
    return at + datetime.timedelta(days=HORIZON_DAYS)


def _open_between(began_at: Moment, ended_at: Moment, hours: Schedule) -> Iterator[tuple[Moment, Moment]]:
    if not any(hours.week):
        return
    since, until = began_at.astimezone(datetime.UTC), ended_at.astimezone(datetime.UTC)
    day, last = since.astimezone(hours.zone).date(), until.astimezone(hours.zone).date()
    while day <= last:
        for opens, closes in _spans_of(day, hours):
            if closes > since and opens < until:
                yield max(opens, since), min(closes, until)
        day += _DAY


def _spans_of(day: datetime.date, hours: Schedule) -> Iterator[tuple[Moment, Moment]]:
    if day in hours.holidays:
        return
    for opens, closes in hours.week[day.weekday()]:
        began_at, ended_at = _moment(day, opens, hours.zone), _moment(day, closes, hours.zone)
        if ended_at > began_at:
            yield began_at, ended_at


@functools.lru_cache(maxsize=4096)
def _moment(day: datetime.date, minutes: int, zone: datetime.tzinfo) -> Moment:
    wall = datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(minutes=minutes)
    first = wall.replace(tzinfo=zone)
    found = first.astimezone(datetime.UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    return _change_between(first.replace(fold=1).astimezone(datetime.UTC), found, zone)


def _change_between(before: Moment, after: Moment, zone: datetime.tzinfo) -> Moment:
    offset = before.astimezone(zone).utcoffset()
    while after - before > datetime.timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle <= before:
            break
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
