"""The counts of web processes: stored by the minute, merged for the staff's page, summed by the day, deleted in time."""

import datetime
from collections.abc import Iterator

import pytest
from django.conf import settings

from chat import clock
from chat.live.minutes import MinuteNotes
from chat.live.process_counts import ProcessCounts
from chat.models import Day, Member, Minute
from chat.reads.counted import CLASSES, Counted, quantile
from chat.reads.operation import days, points
from chat.services.minutes import keep_day, keep_minute
from delivery import metrics
from delivery.breaker import Breaker
from delivery.threads import DatabaseThreads
from tests.conftest import Cast, in_thread
from tests.stage import moments

#: Long after what the web processes of other tests note of themselves.
NOON = (moments.NOW + datetime.timedelta(days=36_500)).replace(hour=12, minute=0, second=30, microsecond=0)
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def standing_clock() -> Iterator[datetime.datetime]:
    with clock.at(NOON):
        yield NOON


def keep(process: str, *, ago: int = 0, **figures: object) -> None:
    at = NOON.replace(second=0) - ago * MINUTE
    keep_minute(Counted(**figures), at=at, process=process)  # type: ignore[arg-type]


def of(**seconds: int) -> list[int]:
    """`of(under_5ms=3)`: so many in the class that ends there."""
    bounds = {f"under_{bound * 1000:g}ms": place for place, bound in enumerate(CLASSES)}
    counts = [0] * (len(CLASSES) + 1)
    for name, count in seconds.items():
        counts[bounds[name]] = count
    return counts


@pytest.mark.fast
def test_counting_begins_with_nothing_and_goes_by_what_is_counted_from_then_on() -> None:
    metrics.messages.labels("committed").inc(5)
    counting = ProcessCounts()
    metrics.messages.labels("committed").inc(2)
    metrics.messages.labels("refused").inc(9)
    metrics.errors.labels("too_long", "socket").inc()
    metrics.errors.labels("too_long", "http").inc()
    metrics.commit_seconds.observe(0.004)
    counting.count_request(0.2, 200)
    counting.count_request(0.001, 503)
    found = counting.taken()
    assert (found.messages, found.errors, found.requests, found.requests_failed) == (2, {"too_long": 2}, 2, 1)
    assert found.commit == of(under_5ms=1)
    assert found.request == of(under_1ms=1, under_250ms=1)
    counting.begin_again()
    assert counting.taken().messages == counting.taken().requests == 0


@pytest.mark.fast
def test_what_is_only_of_the_moment_is_remembered_for_the_minute() -> None:
    counting, breaker = ProcessCounts(), Breaker("redis_of_this_test", failures=1, pause_seconds=60)
    metrics.lane_waiting.set(70)
    with pytest.raises(OSError), breaker.attempt(counts=(OSError,)):
        raise OSError
    counting.look()
    metrics.lane_waiting.set(0)
    metrics.breaker_open.labels("redis_of_this_test").set(0)
    counting.look()
    found = counting.taken()
    # Others of this process may be open since other tests.
    assert found.lane_waiting == 70
    assert "redis_of_this_test" in found.breakers
    counting.begin_again()
    assert (counting.taken().lane_waiting, counting.taken().breakers) == (0, [])


@pytest.mark.fast
def test_quantiles_lie_in_their_class() -> None:
    assert quantile(of(under_1ms=100), 0.5) == pytest.approx(0.0005)
    assert quantile(of(under_1ms=90, under_100ms=10), 0.95) == pytest.approx(0.075)
    assert quantile(of(), 0.95) is None


@pytest.mark.django_db
def test_processes_of_one_minute_are_put_together() -> None:
    keep("one", sockets=10, people=8, messages=60, lane_longest=3, commit=of(under_5ms=60), errors={"too_long": 1})
    keep("two", sockets=5, people=5, messages=30, lane_longest=9, commit=of(under_5ms=30), breakers=["redis_layer"])
    [point] = points("hour")
    assert (point.processes, point.sockets, point.people, point.messages, point.lane_longest) == (2, 15, 13, 90, 9)
    assert (point.refused, point.away, point.commit_p50) == (1, ["Redis"], 3.8)


@pytest.mark.django_db
def test_what_a_process_says_of_a_minute_again_takes_the_place_of_what_it_said() -> None:
    keep("one", messages=1)
    keep("one", messages=7)
    assert [point.messages for point in points("hour")] == [7]


@pytest.mark.django_db
def test_an_hour_has_a_point_a_minute_and_a_day_one_every_ten() -> None:
    for ago in range(75):
        keep("one", ago=ago, messages=ago, sockets=ago)
    hour = points("hour")
    assert [point.messages for point in hour] == list(range(59, -1, -1))
    assert [int(NOON.timestamp()) // 60 * 60 - point.at for point in hour] == [60 * ago for ago in range(59, -1, -1)]
    day = points("day")
    # 12:00 has only begun; from 11:50 on it is ten minutes, with their mean and their most connections.
    assert [(point.messages, point.sockets) for point in day[-2:]] == [(5.5, 10), (0, 0)]


@pytest.mark.django_db
def test_a_day_has_its_messages_by_the_hour_and_who_was_here(cast: Cast) -> None:
    keep("one", ago=0, messages=2)
    keep("two", ago=0, messages=3)
    keep("one", ago=61, messages=4)
    Member.objects.filter(user=cast.alice).update(last_seen=NOON - 5 * MINUTE)
    Member.objects.filter(user=cast.bob).update(last_seen=NOON - datetime.timedelta(days=1))
    keep_day(NOON.date(), now=NOON)
    keep_day(NOON.date(), now=NOON)
    [day] = days(1)
    assert (day.day, day.people, day.messages) == (NOON.date(), 1, 9)
    assert (day.hours[10], day.hours[12], sum(day.hours)) == (4, 5, 9)
    # A person who leaves afterwards is still counted.
    Member.objects.filter(user=cast.alice).update(last_seen=None)
    keep_day(NOON.date(), now=NOON)
    assert [day.people for day in days(1)] == [1]


@pytest.mark.django_db
@pytest.mark.holds("minutes_hours", "figures_days")
def test_minutes_and_days_are_kept_for_so_long() -> None:
    hours, kept = settings.LIMITS.minutes_hours, settings.LIMITS.figures_days
    keep("one", ago=hours * 60)
    keep("one", ago=hours * 60 + 1)
    for ago in (kept, kept + 1):
        Day.objects.create(day=NOON.date() - datetime.timedelta(days=ago), hours=[0] * 24)
    keep_day(NOON.date(), now=NOON)
    assert [NOON.replace(second=0) - row.at for row in Minute.objects.all()] == []
    assert [(NOON.date() - day.day).days for day in days(3)] == [0, kept]


async def test_a_process_notes_each_minute_apart_and_counts_the_day_every_ten(
    cast: Cast, standing_clock: datetime.datetime
) -> None:
    threads = DatabaseThreads(1)
    with clock.at(NOON.replace(minute=8)):
        notes = MinuteNotes(threads)
    notes.waiting = lambda: (3, 90)
    metrics.deliveries.inc(4)
    with clock.at(NOON.replace(minute=9)):
        await notes.note()
    metrics.deliveries.inc(2)
    with clock.at(NOON.replace(minute=9, second=40)):
        await notes.note()
    of_today = Day.objects.filter(day=NOON.date())
    assert not await in_thread(of_today.exists)
    with clock.at(NOON.replace(minute=10, second=0)):
        await notes.note()
        found = await in_thread(points, "hour")
    assert [(point.deliveries, point.desk_waiting, point.desk_seconds) for point in found] == [(4, 3, 90), (2, 3, 90)]
    assert await in_thread(of_today.exists)
    threads.close()
