"""Reports: percentiles over the stored facts, by inbox, agent or day, for the supervisor's inboxes."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Aggregate, Avg, Case, Count, F, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import TruncDate

from chat import clock
from chat.models import User
from chat.reads.operation import Answered
from chat.support.models import Inbox, Interval, IntervalKind, Rating
from chat.support.shapes.report import ReportRow, Satisfaction, Spread, SupportReport
from delivery.wire.errors import Forbidden, Invalid
from delivery.wire.types import spell_time

GROUPINGS = ("inbox", "agent", "day")
#: Days of a report without dates, and at most.
USUAL_DAYS, MOST_DAYS = 30, 400
#: The lowest score of a satisfied customer.
SATISFIED = 4


class Percentile(Aggregate):
    """A percentile: `share` of the values are at most this value."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    # Values are whole seconds, and the result is one of them.
    allow_distinct = False

    def __init__(self, expression: str, *, share: float) -> None:
        super().__init__(expression, share=share)


def report(
    user: User, *, since: datetime.datetime, until: datetime.datetime, by: str, inbox: int | None = None
) -> SupportReport:
    """The report over all that ended in the time. Raises Forbidden unless the user supervises the inbox (or any), Invalid."""
    if by not in GROUPINGS:
        raise Invalid(f"by is one of {', '.join(GROUPINGS)}.")
    if not since < until or until - since > datetime.timedelta(days=MOST_DAYS):
        raise Invalid(f"from comes before to, by {MOST_DAYS} days at most.")
    inboxes = supervised_by(user)
    if inbox is not None:
        inboxes = inboxes.filter(pk=inbox)
    ids = list(inboxes.values_list("pk", flat=True))
    if not ids and (inbox is not None or not user.is_superuser):
        raise Forbidden("Reports are for supervisors of an inbox.")
    spreads = _spreads(ids, since, until, by)
    ratings = _ratings(ids, since, until, by)
    names = _names(by, {*spreads, *ratings})
    keys = sorted({*spreads, *ratings}, key=lambda key: (names[key].lower(), str(key)))
    return SupportReport(
        since=spell_time(since),
        until=spell_time(until),
        by=by,
        rows=[_row(key, names[key], spreads.get(key, {}), ratings.get(key)) for key in keys],
    )


def answered_since(day: datetime.date) -> dict[datetime.date, Answered]:
    """The figures of all inboxes together, by the day (UTC) of the answer; days without answers are left out."""
    since = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    ids = list(Inbox.objects.values_list("pk", flat=True))
    found = _spreads(ids, since, clock.now(), "day")
    return {
        day: _answered(of_day.get(IntervalKind.FIRST), of_day.get(IntervalKind.SOLVE)) for day, of_day in found.items()
    }


def _answered(first: Spread | None, solve: Spread | None) -> Answered:
    return Answered(
        first_p50=None if first is None else first.p50,
        first_p90=None if first is None else first.p90,
        solve_p50=None if solve is None else solve.p50,
        solve_p90=None if solve is None else solve.p90,
    )


def supervised_by(user: User) -> QuerySet[Inbox]:
    """The inboxes that the user supervises; superusers supervise every inbox."""
    if not user.is_active:
        return Inbox.objects.none()
    if user.is_superuser:
        return Inbox.objects.all()
    return Inbox.objects.filter(agents__user=user, agents__supervises=True)


def _spreads(
    inboxes: list[int], since: datetime.datetime, until: datetime.datetime, by: str
) -> dict[Any, dict[str, Spread]]:
    key = {"inbox": F("conversation__ticket__inbox"), "agent": F("agent"), "day": TruncDate("ended_at")}[by]
    rows = Interval.objects.filter(
        conversation__ticket__inbox__in=inboxes, kind__in=IntervalKind.values, ended_at__gte=since, ended_at__lt=until
    )
    found: dict[Any, dict[str, Spread]] = defaultdict(dict)
    for row in (
        rows.values("kind", key=key)
        .order_by()
        .annotate(
            count=Count("pk"),
            p50=Percentile("business_seconds", share=0.5),
            p90=Percentile("business_seconds", share=0.9),
            share=_share(Q(met=True), among=Q(met__isnull=False)),
        )
    ):
        met = None if row["share"] is None else round(row["share"], 4)
        found[row["key"]][row["kind"]] = Spread(count=row["count"], p50=row["p50"], p90=row["p90"], met=met)
    return found


def _ratings(
    inboxes: list[int], since: datetime.datetime, until: datetime.datetime, by: str
) -> dict[Any, Satisfaction]:
    key = {"inbox": F("conversation__ticket__inbox"), "agent": F("agent"), "day": TruncDate("created_at")}[by]
    rows = Rating.objects.filter(conversation__ticket__inbox__in=inboxes, created_at__gte=since, created_at__lt=until)
    found = (
        rows.values(key=key)
        .order_by()
        .annotate(count=Count("pk"), average=Avg("score"), share=_share(Q(score__gte=SATISFIED)))
    )
    return {
        row["key"]: Satisfaction(
            count=row["count"], average=round(float(row["average"]), 2), satisfied=round(row["share"], 4)
        )
        for row in found
    }


def _share(which: Q, *, among: Q | None = None) -> Avg:
    one, none = Value(1.0), Value(0.0)
    return Avg(Case(When(which, then=one), default=none, output_field=FloatField()), filter=among)


def _names(by: str, keys: Iterable[Any]) -> Mapping[Any, str]:
    known = [key for key in keys if key is not None]
    if by == "day":
        names = {day: day.isoformat() for day in known}
    elif by == "agent":
        names = {pk: user.get_full_name() for pk, user in User.objects.in_bulk(known).items()}
    else:
        names = {pk: inbox.name for pk, inbox in Inbox.objects.in_bulk(known).items()}
    return {**names, None: "nobody"}


def _row(key: Any, name: str, spreads: Mapping[str, Spread], ratings: Satisfaction | None) -> ReportRow:
    return ReportRow(
        key="" if key is None else str(key),
        name=name,
        first=spreads.get(IntervalKind.FIRST),
        next=spreads.get(IntervalKind.NEXT),
        solve=spreads.get(IntervalKind.SOLVE),
        held=spreads.get(IntervalKind.HELD),
        ratings=ratings,
    )
