"""The part of a support conversation that posting writes under the channel's lock: who waits, who answered, who holds it.

Everything else about it belongs to the support desk (chat/support/), which nothing else in chat imports.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from chat.models.channel import Channel


class ConversationState(models.TextChoices):
    OPEN = "open"
    #: The desk waits for the customer's answer.
    PENDING = "pending"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Conversation(models.Model):
    """A conversation, keyed by its channel. Locks in one order: conversation, notes, desk; never a conversation after a desk."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, primary_key=True, related_name="conversation")
    #: The channel with the log of its inbox's queue.
    desk = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="conversations", db_index=False)
    #: The channel of the internal notes, created with the first note.
    notes = models.OneToOneField(Channel, null=True, blank=True, on_delete=models.PROTECT, related_name="noted")
    visitor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="conversations")
    state = models.CharField(
        max_length=8,
        choices=ConversationState.choices,
        default=ConversationState.OPEN,
        db_default=ConversationState.OPEN,
    )
    #: 1 at the beginning; each reopening adds 1.
    episode = models.PositiveIntegerField(default=1, db_default=1)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assigned_conversations",
        db_index=False,
    )
    #: The agent who held it before it was resolved: it goes back to them, if they can take it.
    former_assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    #: By PostgreSQL's clock. The end of the lease ends the assignment only while the customer waits.
    lease_until = models.DateTimeField(null=True, blank=True)
    #: The inbox's value: how long an assignment lasts without work.
    lease_seconds = models.PositiveIntegerField(default=900, db_default=900)
    #: The time of the customer's first unanswered message; a lapse or a claim does not change it.
    waiting_since = models.DateTimeField(null=True, blank=True)
    #: `waiting_since` before a snooze: it continues when the snooze ends.
    waited_since = models.DateTimeField(null=True, blank=True)
    #: The number of the last answer, and the agent who wrote it: for the guard against two agents answering at once.
    answered_seq = models.BigIntegerField(default=0, db_default=0)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    #: The end of the snooze that the customer's message ended: agents can choose it again.
    former_snooze = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    #: Until then a customer's message reopens a resolved conversation; later it begins another one.
    reopens_until = models.DateTimeField(null=True, blank=True)

    #: Only set by own_conversations.
    public_assignee: str | None

    class Meta:
        db_table = "conversations"
        default_permissions = ("view",)
        permissions = [("read_support", "Can read every support conversation of their inboxes, older ones too")]
        constraints = [
            models.CheckConstraint(name="conversations_state", condition=Q(state__in=ConversationState.values)),
            models.CheckConstraint(
                name="conversations_lease_has_assignee",
                condition=Q(assignee=None, lease_until=None) | Q(assignee__isnull=False, lease_until__isnull=False),
            ),
            models.CheckConstraint(
                name="conversations_snoozed_until",
                condition=Q(state="snoozed", snoozed_until__isnull=False)
                | (~Q(state="snoozed") & Q(snoozed_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="conversations_waiting_is_open", condition=Q(waiting_since__isnull=True) | Q(state="open")
            ),
            models.CheckConstraint(
                name="conversations_resolved_at",
                condition=Q(state="resolved", resolved_at__isnull=False, assignee=None)
                | (~Q(state="resolved") & Q(resolved_at__isnull=True)),
            ),
        ]
        # Partial: a million resolved conversations cost nothing.
        indexes = [
            models.Index(
                "desk",
                F("waiting_since").asc(nulls_last=True),
                "channel",
                name="idx_conversations_queue",
                condition=~Q(state="resolved"),
            ),
            models.Index(
                "desk",
                F("resolved_at").desc(),
                F("channel").desc(),
                name="idx_conversations_resolved",
                condition=Q(state="resolved"),
            ),
            models.Index(
                fields=["desk", "waiting_since"],
                name="idx_conversations_unassigned",
                condition=Q(assignee=None, waiting_since__isnull=False),
            ),
            models.Index(fields=["assignee"], name="idx_conversations_assignee", condition=Q(assignee__isnull=False)),
            models.Index(
                fields=["lease_until"],
                name="idx_conversations_leases",
                condition=Q(assignee__isnull=False, waiting_since__isnull=False),
            ),
            models.Index(
                fields=["snoozed_until"], name="idx_conversations_snoozes", condition=Q(snoozed_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"conversation {self.channel_id}"
