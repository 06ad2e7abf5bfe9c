"""The counts of all web processes together in the last hour or day, as lines of plots; and the figures of days."""

import datetime
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from chat import clock
from chat.models import Day, Minute
from chat.reads.counted import Counted, one_after_the_other, quantile, together

MINUTE = datetime.timedelta(minutes=1)
#: Of each span, how many minutes lie in one point, and how many minutes it has.
SPANS = {"hour": (1, 60), "day": (10, 24 * 60)}


class Point(msgspec.Struct, kw_only=True):
    """Counts are by the minute; durations are milliseconds within which half, or 19 of 20, were done."""

    #: Its begin, in seconds since 1970.
    at: int
    processes: int
    sockets: int
    people: int
    messages: float
    deliveries: float
    requests: float
    requests_failed: float
    refused: float
    lost: float
    repaired: float
    commit_p50: float | None
    commit_p95: float | None
    deliver_p95: float | None
    request_p95: float | None
    lag_p95: float | None
    lane_waiting: int
    lane_longest: int
    desk_waiting: int
    desk_seconds: int
    #: What was away at some moment of it.
    away: list[str]
    errors: dict[str, int]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """How soon customers were answered on a day (UTC): seconds of open hours within which half, or 9 of 10, were."""

    first_p50: int | None = None
    first_p90: int | None = None
    solve_p50: int | None = None
    solve_p90: int | None = None


def points(span: str) -> list[Point]:
    """Oldest first, the last one is still running; minutes of which nothing was kept are not there."""
    size, minutes = SPANS[span]
    since = clock.now().astimezone(datetime.UTC).replace(second=0, microsecond=0) - (minutes - 1) * MINUTE
    by_minute: dict[datetime.datetime, list[Counted]] = defaultdict(list)
    for at, figures in Minute.objects.filter(at__gte=since).order_by("at").values_list("at", "figures"):
        by_minute[at].append(msgspec.convert(figures, Counted))
    by_point: dict[int, list[Counted]] = defaultdict(list)
    for at, counted in by_minute.items():
        by_point[int(at.timestamp()) // (60 * size) * 60 * size].append(together(counted))
    return [_point(at, counted) for at, counted in by_point.items()]


def days(count: int) -> list[Day]:
    """Newest first."""
    return list(Day.objects.order_by("-day")[:count])


def _point(at: int, minutes: Sequence[Counted]) -> Point:
    found, each = one_after_the_other(minutes), len(minutes)
    return Point(
        at=at,
        processes=found.processes,
        sockets=found.sockets,
        people=found.people,
        messages=found.messages / each,
        deliveries=found.deliveries / each,
        requests=found.requests / each,
        requests_failed=found.requests_failed / each,
        refused=sum(found.errors.values()) / each,
        lost=found.lost / each,
        repaired=found.repaired / each,
        commit_p50=_ms(found.commit, 0.5),
        commit_p95=_ms(found.commit, 0.95),
        deliver_p95=_ms(found.deliver, 0.95),
        request_p95=_ms(found.request, 0.95),
        lag_p95=_ms(found.lag, 0.95),
        lane_waiting=found.lane_waiting,
        lane_longest=found.lane_longest,
        desk_waiting=found.desk_waiting,
        desk_seconds=found.desk_seconds,
        away=_away(found),
        errors=found.errors,
    )


def _away(found: Counted) -> list[str]:
    """By what the breakers are called for: redis_cache, say."""
    names = {name.partition("_")[0] for name in found.breakers} | ({"redis"} if found.is_deaf else set())
    return [said for name, said in (("postgres", "PostgreSQL"), ("redis", "Redis")) if name in names]


def _ms(counts: Sequence[int], share: float) -> float | None:
    seconds = quantile(counts, share)
    return None if seconds is None else round(seconds * 1000, 1)
