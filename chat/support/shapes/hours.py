"""Opening hours and policies, as clients send and get them: with times of day as people write them."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from chat.support import models

Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", max_length=5, min_length=5)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d$", min_length=10, max_length=10)]


class OpenFor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A span of a weekday in which an inbox is open."""

    weekday: Annotated[int, msgspec.Meta(ge=0, le=6, description="Monday is 0.")]
    opens: Clock
    closes: Clock


class SupportHours(msgspec.Struct, frozen=True, kw_only=True):
    """Opening hours of inboxes, in one time zone."""

    id: int
    name: str
    time_zone: str
    spans: Sequence[OpenFor]
    holidays: Annotated[Sequence[str], msgspec.Meta(description="Dates on which the inboxes are closed.")]


class Promise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy: within how many open minutes an inbox wants to answer or solve."""

    priority: models.Priority
    kind: models.PolicyKind
    minutes: Annotated[int, msgspec.Meta(ge=1, le=365 * 24 * 60)]


class Promises(msgspec.Struct, frozen=True, kw_only=True):
    """All policies of an inbox."""

    policies: Sequence[Promise]


MORNING = OpenFor(weekday=0, opens="09:00", closes="12:00")
HOURS = SupportHours(
    id=1, name="Office", time_zone="Europe/Berlin", spans=[MORNING], holidays=["2026-12-25", "2026-12-26"]
)
PROMISE = Promise(priority=models.Priority.NORMAL, kind=models.PolicyKind.FIRST, minutes=60)
PROMISES = Promises(policies=[PROMISE])


def hours_of(row: models.Hours) -> SupportHours:
    return SupportHours(
        id=row.pk,
        name=row.name,
        time_zone=row.time_zone,
        spans=[
            OpenFor(weekday=span.weekday, opens=spelled(span.opens), closes=spelled(span.closes))
            for span in row.spans.order_by("weekday", "opens")
        ],
        holidays=[holiday.day.isoformat() for holiday in row.holidays.order_by("day")],
    )


def promises_of(row: models.Inbox) -> Promises:
    rows = row.policies.order_by("priority", "kind")
    return Promises(
        policies=[
            Promise(priority=models.Priority(one.priority), kind=models.PolicyKind(one.kind), minutes=one.minutes)
            for one in rows
        ]
    )


def spelled(minutes: int) -> str:
    """Minutes since midnight, as a time of day."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def minutes_of(clock: str) -> int:
    """A time of day, as minutes since midnight."""
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)
