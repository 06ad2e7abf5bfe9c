"""A user's membership of a channel, with the two cursors that are the user's receipts."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import DateTimeField, F, OuterRef, Q, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce

from chat import clock
from chat.models.channel import Channel
from chat.models.sanction import Sanction, SanctionKind

if TYPE_CHECKING:
    from chat.models.user import User


class Role(models.TextChoices):
    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"


class NotifyLevel(models.TextChoices):
    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


#: The expression, with an index, for the end of the channel's time in its member's lists.
LISTED_UNTIL = Coalesce("listed_until", Cast(Value("infinity"), DateTimeField()))


class MemberQuerySet(models.QuerySet["Member"]):
    def of(self, user_ids: Collection[int]) -> MemberQuerySet:
        """The memberships of these people, for reading their lists.

        PostgreSQL must not plan by their number: nearly none of an agent's tens of thousands is in a list, and PostgreSQL would
        read all channels.
        """
        asked = RawSQL("SELECT unnest(%s::bigint[])", [list(user_ids)])
        return self.filter(user_id__in=asked)

    def visible_to(self, user: User) -> MemberQuerySet:
        """Memberships in channels of which the user is a member."""
        return self.filter(channel__members__user=user)

    def in_lists(self) -> MemberQuerySet:
        """Without channels that were archived long ago, and without those that are no longer in the member's lists."""
        since = clock.now() - datetime.timedelta(days=settings.LIMITS.archived_days)
        return self.listed().filter(Q(channel__archived_at=None) | Q(channel__archived_at__gt=since))

    def listed(self) -> MemberQuerySet:
        return self.alias(until=LISTED_UNTIL).filter(until__gt=clock.now())

    def with_mutes(self) -> MemberQuerySet:
        """Adds `muted_until`: the end of an active mute, else None."""
        mutes = Sanction.objects.standing().filter(
            channel=OuterRef("channel"), user=OuterRef("user"), kind=SanctionKind.MUTE
        )
        return self.annotate(muted_until=Subquery(mutes.values("until")))


class Member(models.Model):
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    status = models.CharField(max_length=10, blank=True, default="")
    last_seen = models.DateTimeField(null=True, blank=True)
    last_typing = models.DateTimeField(null=True, blank=True)
    delivered_seq = models.BigIntegerField(default=0, db_default=0)
    read_seq = models.BigIntegerField(default=0, db_default=0)
    notify_level = models.CharField(max_length=10, choices=NotifyLevel.choices, default=NotifyLevel.ALL)
    #: The channel's place in this member's list: among the favourites, and under a heading of their own.
    is_favourite = models.BooleanField(default=False, db_default=False)
    section = models.CharField(max_length=40, blank=True, default="", db_default="")
    #: The number of the change that began this membership: nothing before it is replayed to this member.
    joined_rev = models.BigIntegerField(default=0, db_default=0)
    #: Grows with every change of the member's own values, which have no number: cursors, role, mute, notify level, place in
    #: their list.
    version = models.BigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    #: Until then the channel is in this member's lists, and they get its pushes; None: as long as they are a member.
    listed_until = models.DateTimeField(null=True, blank=True, editable=False)

    #: In the log of a desk: the name of this member for customers; empty: the display name.
    public_name = models.CharField(max_length=80, blank=True, default="", db_default="", editable=False)

    #: Only set by MemberQuerySet.with_mutes.
    muted_until: datetime.datetime | None

    objects = MemberQuerySet.as_manager()

    class Meta:
        db_table = "channel_members"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["channel", "user"], name="channel_members_once"),
            models.CheckConstraint(name="channel_members_role", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="channel_members_read_is_delivered", condition=Q(read_seq__lte=F("delivered_seq"))
            ),
        ]
        indexes = [
            models.Index(fields=["user", "channel"], name="idx_channel_members_user"),
            # Finds the channels in a member's lists without reading those that are no longer in them.
            models.Index(F("user"), LISTED_UNTIL, name="idx_channel_members_lists"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.channel_id}"
