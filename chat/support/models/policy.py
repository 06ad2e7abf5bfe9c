"""Policies: how soon an inbox wants to answer and solve, in open minutes."""

from django.db import models
from django.db.models import Q

from chat.support.models.facts import IntervalKind
from chat.support.models.inbox import Inbox
from chat.support.models.ticket import Priority


class PolicyKind(models.TextChoices):
    FIRST = IntervalKind.FIRST.value, IntervalKind.FIRST.label
    NEXT = IntervalKind.NEXT.value, IntervalKind.NEXT.label
    SOLVE = IntervalKind.SOLVE.value, IntervalKind.SOLVE.label


class Policy(models.Model):
    inbox = models.ForeignKey(Inbox, on_delete=models.CASCADE, related_name="policies", db_index=False)
    priority = models.CharField(max_length=6, choices=Priority.choices)
    kind = models.CharField(max_length=5, choices=PolicyKind.choices)
    minutes = models.PositiveIntegerField()

    class Meta:
        db_table = "support_policies"
        default_permissions = ("add", "change", "delete", "view")
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(fields=["inbox", "priority", "kind"], name="support_policies_once"),
            models.CheckConstraint(
                name="support_policies_values",
                condition=Q(priority__in=Priority.values, kind__in=PolicyKind.values, minutes__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.priority} {self.kind}: {self.minutes} min"
