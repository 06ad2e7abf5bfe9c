"""Reports of messages, and their verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from chat.models.channel import Channel
from chat.models.member import Role
from chat.models.message import Message

if TYPE_CHECKING:
    from chat.models.user import User


class Verdict(models.TextChoices):
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class ReportQuerySet(models.QuerySet["Report"]):
    def open(self) -> ReportQuerySet:
        return self.filter(closed_at=None)

    def cases(self) -> ReportQuerySet:
        """The first report of each case. A case is all open reports of one message, or all that were closed together."""
        earlier = Report.objects.filter(message=OuterRef("message"), pk__lt=OuterRef("pk"))
        waits_already = Q(closed_at=None) & Exists(earlier.open())
        return self.exclude(waits_already).exclude(Exists(earlier.filter(closed_at=OuterRef("closed_at"))))

    def of_channels_kept_by(self, user: User) -> ReportQuerySet:
        """Reports in channels of which the user is an owner or a moderator."""
        kept = user.memberships.filter(role__in=[Role.OWNER, Role.MODERATOR]).values("channel")
        return self.filter(channel__in=kept)


class Report(models.Model):
    #: Protected: a reported message can't be deleted from the table.
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="reports", db_index=False)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="reports", db_index=False)
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reports")
    reason = models.CharField(max_length=500)
    #: The message's text when it was reported: evidence that edits and deletions do not remove.
    body = models.TextField()
    #: The message's files then, in the form that messages have; null: none. Their bytes are kept while a report is open.
    files = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="closed_reports"
    )
    verdict = models.CharField(max_length=9, choices=Verdict.choices, blank=True, default="")
    closing_reason = models.CharField(max_length=500, blank=True, default="")

    objects = ReportQuerySet.as_manager()

    class Meta:
        db_table = "reports"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["message", "reporter"], name="reports_once"),
            models.CheckConstraint(name="reports_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="reports_closed_with_verdict",
                condition=Q(closed_at=None, verdict="") | Q(closed_at__isnull=False, verdict__in=Verdict.values),
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="idx_reports_open", condition=Q(closed_at=None)),
            models.Index(fields=["channel", "id"], name="idx_reports_channel"),
        ]

    def __str__(self) -> str:
        return f"report {self.pk}"
