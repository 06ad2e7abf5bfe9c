"""Opening hours and policies of inboxes: each change replaces them as a whole, and due times are computed again at once."""

import datetime
import zoneinfo
from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction

from chat.models import Act, User
from chat.naming import clean_name
from chat.services import audit
from chat.services.constraints import violates
from chat.support.models import Holiday, Hours, Inbox, OpenSpan, Policy, PolicyKind, Priority
from chat.support.reads.reports import supervised_by
from chat.support.services.dues import renew_dues_of_inbox
from chat.support.services.inboxes import require_supervisor
from delivery.wire.errors import Conflict, Forbidden, Invalid, NotFound

#: Characters of Hours.name.
NAME_CHARACTERS = 80
DAY_MINUTES = 24 * 60
#: The most holidays of one set of hours; the most spans of one weekday.
MOST_HOLIDAYS, MOST_SPANS = 400, 10
#: The longest time of a policy: a year, in minutes.
MOST_MINUTES = 365 * 24 * 60

#: For each weekday, Monday first, the spans between opening and closing, in minutes since midnight.
Week = Sequence[Sequence[tuple[int, int]]]


def keep_hours(
    actor: User,
    *,
    hours: int | None = None,
    name: str,
    time_zone: str,
    week: Week,
    holidays: Mapping[datetime.date, str] | None = None,
) -> Hours:
    """Changes or creates opening hours. The actor must supervise an inbox, and every inbox that uses these hours.

    Raises NotFound, Forbidden, Conflict for a name that is taken, Invalid for overlapping or impossible spans.
    """
    name = clean_name(name, what="A name", most=NAME_CHARACTERS)
    if not name:
        raise Invalid("Hours need a name.")
    if time_zone not in zoneinfo.available_timezones():
        raise Invalid(f"{time_zone[:64]!r} is no time zone, such as Europe/Berlin.")
    days = dict(holidays or {})
    if len(days) > MOST_HOLIDAYS:
        raise Invalid(f"There are {MOST_HOLIDAYS} holidays at most.")
    _require_week(week)
    try:
        with transaction.atomic():
            row = _own(actor, hours)
            row.name, row.time_zone = name, time_zone
            row.save()
            _write(row, week, days)
            audit.record(Act.HOURS_CHANGED, actor=actor, details={"hours": row.pk, "name": name})
    except IntegrityError as error:
        if violates(error, "support_hours_name_key"):
            raise Conflict(f"Hours are called {name}: take another name.") from None
        raise
    for inbox in Inbox.objects.filter(hours=row).select_related("hours").order_by("pk"):
        renew_dues_of_inbox(inbox)
    return row


def keep_policies(actor: User, *, inbox: int, minutes: Mapping[tuple[str, str], int]) -> Inbox:
    """Replaces the policies: open minutes by (priority, kind); missing kinds have none. Needs a supervisor of the inbox."""
    row = Inbox.objects.select_related("hours").filter(pk=inbox).first()
    if row is None:
        raise NotFound("You have no such inbox.")
    require_supervisor(actor, row)
    for (priority, kind), number in minutes.items():
        if priority not in Priority.values or kind not in PolicyKind.values or not 1 <= number <= MOST_MINUTES:
            raise Invalid(f"A policy is of a priority and a kind, and has from 1 to {MOST_MINUTES:,} minutes.")
    with transaction.atomic():
        Inbox.objects.select_for_update(no_key=True).get(pk=inbox)
        Policy.objects.filter(inbox=row).delete()
        Policy.objects.bulk_create(
            Policy(inbox=row, priority=priority, kind=kind, minutes=number)
            for (priority, kind), number in minutes.items()
        )
        details = {f"{priority} {kind}": number for (priority, kind), number in minutes.items()}
        audit.record(Act.POLICIES_CHANGED, actor=actor, channel=row.desk_id, details=details)
    renew_dues_of_inbox(row)
    return row


def _own(actor: User, hours: int | None) -> Hours:
    supervised = supervised_by(actor)
    if not actor.is_superuser and not supervised.exists():
        raise Forbidden("Only supervisors of an inbox can change hours.")
    if hours is None:
        return Hours()
    row = Hours.objects.select_for_update().filter(pk=hours).first()
    if row is None:
        raise NotFound("There are no such hours.")
    if Inbox.objects.filter(hours=row).exclude(pk__in=supervised).exists():
        raise Forbidden("An inbox of other supervisors uses these hours.")
    return row


def _require_week(week: Week) -> None:
    if len(week) != 7:
        raise Invalid("A week has seven days.")
    for spans in week:
        if len(spans) > MOST_SPANS:
            raise Invalid(f"A day has {MOST_SPANS} spans at most.")
        edges = [edge for span in sorted(spans) for edge in span]
        if any(not 0 <= opens < closes <= DAY_MINUTES for opens, closes in spans):
            raise Invalid("A span opens before it closes, within its day.")
        if edges != sorted(edges):
            raise Invalid("Two spans of a day overlap.")


def _write(row: Hours, week: Week, holidays: Mapping[datetime.date, str]) -> None:
    row.spans.all().delete()
    row.holidays.all().delete()
    OpenSpan.objects.bulk_create(
        OpenSpan(hours=row, weekday=weekday, opens=opens, closes=closes)
        for weekday, spans in enumerate(week)
        for opens, closes in spans
    )
    Holiday.objects.bulk_create(Holiday(hours=row, day=day, name=name[:80]) for day, name in holidays.items())
