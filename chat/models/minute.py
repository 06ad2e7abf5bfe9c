"""Counts of the web processes for each minute, for the staff's page of the operation; and the figures of each day."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Minute(models.Model):
    """One process in one minute; `figures` as in chat/reads/counted.py. Kept for `minutes_hours`."""

    at = models.DateTimeField()
    process = models.CharField(max_length=80)
    figures = models.JSONField()

    class Meta:
        db_table = "minutes"
        verbose_name = "minute of the operation"
        verbose_name_plural = "operation"
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["at", "process"], name="minutes_once")]

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.process}"


class Day(models.Model):
    """One day (UTC): the number of people, and the messages of each hour. Kept for `figures_days`."""

    day = models.DateField(primary_key=True)
    people = models.IntegerField(default=0)
    hours = ArrayField(models.IntegerField(), size=24)

    class Meta:
        db_table = "days"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day}: {self.people}"

    @property
    def messages(self) -> int:
        return sum(self.hours)
