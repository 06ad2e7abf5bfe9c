"""Bans: who is banned, since when and why, and who lifted the ban."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class BanQuerySet(models.QuerySet["Ban"]):
    def standing(self) -> "BanQuerySet":
        return self.filter(lifted_at=None)


class Ban(models.Model):
    """A ban. While it is active the account is switched off (`is_active`), which every door checks; this row has the reason."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bans")
    reason = models.CharField(max_length=500)
    #: Null: a command at the console.
    banned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="bans_given"
    )
    created_at = models.DateTimeField()
    #: Lifting the ban restores the state before: an account that was off already stays off.
    was_active = models.BooleanField(default=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="bans_lifted"
    )
    lifted_reason = models.CharField(max_length=500, blank=True, default="")

    objects = BanQuerySet.as_manager()

    class Meta:
        db_table = "bans"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["user"], name="bans_one_standing", condition=Q(lifted_at=None)),
            models.CheckConstraint(name="bans_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"ban {self.pk} of {self.user_id}"
