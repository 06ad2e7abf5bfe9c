"""A channel: a log of numbered changes with members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from chat import clock
from chat.models.checked import CheckWhenWritten
from chat.models.folded import Folded

if TYPE_CHECKING:
    from chat.models.user import User


class ChannelKind(models.TextChoices):
    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"
    #: Internal notes on a support conversation (`parent`): a separate log, so that a visitor can't even count them.
    INNER = "inner"
    #: The queue of a support inbox: its changes are system messages, its members are the inbox's agents.
    DESK = "desk"


LIVE_AND_PUBLIC = Q(kind=ChannelKind.PUBLIC, archived_at=None)


#: The name, in the table of rights, of a direct conversation of three or more, which members can leave.
GROUP = "group"
#: The name, in the table of rights, of a conversation with the support and of its notes: the desk decides who is a member.
SUPPORT = "support"


class ChannelQuerySet(models.QuerySet["Channel"]):
    def visible_to(self, user: User) -> ChannelQuerySet:
        """Public channels, and channels of which the user is a member."""
        return self.filter(Q(kind=ChannelKind.PUBLIC) | Q(members__user=user)).distinct()

    def live(self) -> ChannelQuerySet:
        return self.filter(archived_at=None)


class Channel(models.Model):
    name = models.CharField(max_length=80, blank=True)
    #: The look of the name (chat/naming.py): among live public channels each look is unique. Empty for channels that had the same
    #: look before this rule.
    name_look = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)
    name_look_any_case = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)
    topic = models.CharField(max_length=250, blank=True)
    kind = models.CharField(max_length=8, choices=ChannelKind.choices, default=ChannelKind.PUBLIC)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="inner_channels")
    is_support = models.BooleanField(default=False)
    #: The sorted user ids of a direct channel, so that two people have only one.
    direct_key = models.CharField(max_length=1000, null=True, blank=True, unique=True)
    member_count = models.IntegerField(default=0, db_default=0)
    #: The number of the last change. Moved only under the row lock, by chat.services.log.
    head = models.BigIntegerField(default=0, db_default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="created_channels"
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    #: For how many days messages are kept; 0: for ever, None: RETENTION_DAYS.
    keeps_days = models.IntegerField(null=True, blank=True)
    #: The channel is on hold, because its messages may still be needed: nothing is pruned or erased.
    is_held = models.BooleanField(default=False, db_default=False)
    #: Messages up to this number may have been pruned or erased. Only grows.
    floor = models.BigIntegerField(default=0, db_default=0, editable=False)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        db_table = "channels"
        default_permissions = ("view",)
        permissions = [
            ("moderate_any_channel", "Can moderate every channel, also without being in it"),
            ("keep_channel", "Can say how long a channel is kept, and put it on hold"),
        ]
        constraints = [
            models.CheckConstraint(name="max_members", condition=Q(member_count__lte=100)),
            CheckWhenWritten(name="channels_kind", condition=Q(kind__in=ChannelKind.values)),
            models.CheckConstraint(name="channels_head", condition=Q(head__gte=0)),
            CheckWhenWritten(
                name="channels_inner_has_parent",
                condition=Q(kind="inner", parent__isnull=False) | (~Q(kind="inner") & Q(parent__isnull=True)),
            ),
            CheckWhenWritten(
                name="channels_direct_has_key",
                condition=Q(kind="direct", direct_key__isnull=False) | (~Q(kind="direct") & Q(direct_key__isnull=True)),
            ),
            CheckWhenWritten(name="channels_name", condition=Q(kind="direct") | ~Q(name="")),
            # Not as PositiveIntegerField, whose own CHECK every message would pay for.
            CheckWhenWritten(
                name="channels_not_negative",
                condition=Q(member_count__gte=0) & (Q(keeps_days__isnull=True) | Q(keeps_days__gte=0)),
            ),
            models.UniqueConstraint(
                fields=["name_look"],
                name="channels_name_look_once",
                condition=LIVE_AND_PUBLIC & ~Q(name_look=""),
            ),
            models.UniqueConstraint(
                fields=["name_look_any_case"],
                name="channels_name_look_any_case_once",
                condition=LIVE_AND_PUBLIC & ~Q(name_look_any_case=""),
            ),
        ]
        indexes = [
            GinIndex(
                OpClass(Folded(F("name")), "gin_trgm_ops"),
                OpClass(Folded(F("topic")), "gin_trgm_ops"),
                name="idx_channels_names_gin",
            )
        ]

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.pk}"

    @property
    def kept_days(self) -> int | None:
        """The days after which messages are pruned; None: they are kept for ever."""
        return kept_days_of(self.keeps_days)

    @property
    def place(self) -> str:
        """The channel's kind; or GROUP, if it was opened for three or more, even if fewer are left; or SUPPORT."""
        return place_of(self.kind, self.direct_key, is_support=self.is_support)


def kept_days_of(own: int | None) -> int | None:
    return (settings.RETENTION_DAYS if own is None else own) or None


def place_of(kind: str, direct_key: str | None, *, is_support: bool) -> str:
    if is_support or kind == ChannelKind.INNER:
        return SUPPORT
    return GROUP if direct_key is not None and direct_key.count(":") > 1 else kind
