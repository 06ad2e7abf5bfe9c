"""An invitation link: people who open it create an account and join its channels. Only a hash of its secret is stored."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from chat import clock
from chat.models.channel import Channel


class InviteQuerySet(models.QuerySet["Invite"]):
    def standing(self) -> "InviteQuerySet":
        """Valid invitations: not expired and not used up."""
        return self.filter(expires_at__gt=clock.now(), used__lt=F("uses"))


class Invite(models.Model):
    digest = models.CharField(max_length=64, unique=True)
    #: Null: the console.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="invites"
    )
    channels = models.ManyToManyField(Channel, related_name="invites", db_table="invite_channels")
    #: How many people may use it, and how many have.
    uses = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()

    objects = InviteQuerySet.as_manager()

    class Meta:
        db_table = "invites"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="invites_uses", condition=Q(uses__gte=1, used__gte=0, used__lte=F("uses")))
        ]

    def __str__(self) -> str:
        return f"invite {self.pk} of {self.created_by_id}"
