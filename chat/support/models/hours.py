"""Opening hours: the spans of a week, and holidays, in one time zone."""

import datetime
import zoneinfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, IntegerField, Q

#: Minutes of a day; a span may end at midnight.
DAY = 24 * 60


def require_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError("Not a time zone, such as Europe/Berlin.")


class Hours(models.Model):
    name = models.CharField(max_length=80, unique=True)
    time_zone = models.CharField(max_length=64, validators=[require_time_zone])

    class Meta:
        db_table = "support_hours"
        default_permissions = ("add", "change", "delete", "view")
        verbose_name_plural = "hours"

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> datetime.tzinfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class OpenSpan(models.Model):
    """An open span of a weekday (Monday is 0), in minutes since midnight. Spans of one day don't overlap."""

    hours = models.ForeignKey(Hours, on_delete=models.CASCADE, related_name="spans")
    weekday = models.PositiveSmallIntegerField(
        choices=list(enumerate(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]))
    )
    opens = models.PositiveSmallIntegerField()
    closes = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "support_open_spans"
        default_permissions = ("add", "change", "delete", "view")
        ordering = ("weekday", "opens")
        constraints = [
            models.CheckConstraint(
                name="support_open_spans_within_a_day",
                condition=Q(weekday__lte=6, opens__lt=F("closes"), closes__lte=DAY),
            ),
            ExclusionConstraint(
                name="support_open_spans_apart",
                expressions=[
                    (F("hours"), RangeOperators.EQUAL),
                    (F("weekday"), RangeOperators.EQUAL),
                    (
                        Func(F("opens"), F("closes"), function="int4range", output_field=IntegerField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {_spelled(self.opens)} to {_spelled(self.closes)}"


class Holiday(models.Model):
    """A day on which the inbox is closed."""

    hours = models.ForeignKey(Hours, on_delete=models.CASCADE, related_name="holidays")
    day = models.DateField()
    name = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        db_table = "support_holidays"
        default_permissions = ("add", "change", "delete", "view")
        ordering = ("day",)
        constraints = [models.UniqueConstraint(fields=["hours", "day"], name="support_holidays_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()


def _spelled(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
