"""Sanctions on a user in a channel: a mute or a removal. They outlive the membership."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from chat import clock
from chat.models.channel import Channel


class SanctionKind(models.TextChoices):
    #: The user can't write until then, in this membership and in later ones.
    MUTE = "mute", "muted"
    #: The user can't join until then, or until a member who may remove others adds them or lifts it.
    REMOVAL = "removal", "removed"


class SanctionQuerySet(models.QuerySet["Sanction"]):
    def standing(self) -> SanctionQuerySet:
        """Active sanctions: those that have not ended by themselves."""
        return self.filter(Q(until=None) | Q(until__gt=clock.now()))


class Sanction(models.Model):
    """A sanction, one of each kind for a user in a channel. Lifting deletes the row; the audit log keeps both acts."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="sanctions", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sanctions")
    kind = models.CharField(max_length=7, choices=SanctionKind.choices)
    #: None: without an end.
    until = models.DateTimeField(null=True, blank=True)
    #: Null: the account is gone, or the sanction is older than this column.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="sanctions_given",
        db_index=False,
    )
    reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()

    objects = SanctionQuerySet.as_manager()

    class Meta:
        db_table = "channel_sanctions"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["channel", "user", "kind"], name="channel_sanctions_once"),
            models.CheckConstraint(name="channel_sanctions_kind", condition=Q(kind__in=SanctionKind.values)),
            models.CheckConstraint(
                name="channel_sanctions_mute_ends", condition=~Q(kind="mute") | Q(until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id} in {self.channel_id}"
