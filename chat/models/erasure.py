"""Who was erased, how far that has got, and that nobody takes the name: the one thing that is kept of a person."""

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
    #: Whether what they said stays, under "Deleted user".
    keeps_messages = models.BooleanField()
    #: What they were called, to find where it stands; empty when it is done.
    names = models.JSONField(default=list, blank=True)
    #: Steps that are done (chat/services/erasing/).
    step = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: Up to which row the step that is under way has looked.
    position = models.BigIntegerField(default=0, db_default=0)
    #: What was done, by step.
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
    """A username that an erased person had, as a digest of how it looks: it can be compared, and not be read."""

    digest = models.CharField(max_length=64, primary_key=True)

    class Meta:
        db_table = "erased_names"
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest
