"""Erasures of people: the account, the progress, and the reserved username. Nothing else is kept of an erased person."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from chat import clock


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def under_way(self) -> ErasureQuerySet:
        return self.filter(ended_at=None)


class Erasure(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="erasure"
    )
    #: Whether their messages stay, under "Deleted user".
    keeps_messages = models.BooleanField()
    #: The person's names, to find them in texts; empty when the erasure is finished.
    names = models.JSONField(default=list, blank=True)
    #: Finished steps (chat/services/erasing/).
    step = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: The last row that the present step has read.
    position = models.BigIntegerField(default=0, db_default=0)
    #: How much each step has done.
    counts = models.JSONField(default=dict, blank=True)
    begun_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        db_table = "erasures"
        default_permissions = ()

    def __str__(self) -> str:
        return f"erasure of {self.user_id}"


class ErasedName(models.Model):
    """A username of an erased person, as a digest of its look: it can be compared, but not read."""

    digest = models.CharField(max_length=64, primary_key=True)

    class Meta:
        db_table = "erased_names"
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest
