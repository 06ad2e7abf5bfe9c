"""A message: one change of a channel, with its place (`seq`, for ever) and the number of its last change (`rev`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.fields.json import KeyTransform
from django.db.models.lookups import LessThanOrEqual

from chat.models.channel import Channel
from chat.models.checked import CheckWhenWritten
from chat.models.folded import Folded

if TYPE_CHECKING:
    from chat.models.member import Member


class MessageKind(models.TextChoices):
    TEXT = "text"
    SYSTEM = "system"


class MessageStatus(models.TextChoices):
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, member: Member) -> MessageQuerySet:
        """The messages of this membership's channel."""
        return self.filter(channel_id=member.channel_id)

    def before(self, seq: int) -> MessageQuerySet:
        return self.filter(seq__lt=seq)

    def after(self, seq: int) -> MessageQuerySet:
        return self.filter(seq__gt=seq)

    def changed_since(self, rev: int) -> MessageQuerySet:
        """Changes ordered by number: complete up to the highest number returned."""
        return self.filter(rev__gt=rev).order_by("rev")

    def pinned_in(self, channel: int) -> MessageQuerySet:
        return self.filter(channel_id=channel, pinned_at__isnull=False)

    def for_the_wire(self) -> MessageQuerySet:
        return self.select_related("sender")


class MessageManager(models.Manager.from_queryset(MessageQuerySet)):  # type: ignore[misc]
    """Leaves out columns that are only compared, never read."""

    def get_queryset(self) -> MessageQuerySet:
        found: MessageQuerySet = super().get_queryset().defer("folded")
        return found


class Message(models.Model):
    client_msg_id = models.UUIDField()
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="messages", db_index=False)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    body = models.TextField(blank=True)
    #: The folded body, for searches. Stored, because folding a text takes ten times as long as searching it.
    folded = models.GeneratedField(expression=Folded("body"), output_field=models.TextField(), db_persist=True)
    kind = models.CharField(max_length=6, choices=MessageKind.choices, default=MessageKind.TEXT)
    event = models.JSONField(null=True, blank=True)
    seq = models.BigIntegerField()
    rev = models.BigIntegerField()
    reply_to = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies", db_index=False
    )
    #: The thread's root, for a reply. The root stores the number of its replies, so that a page needs no second query.
    thread = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="thread_replies", db_index=False
    )
    also_in_channel = models.BooleanField(default=False, db_default=False)
    reply_count = models.IntegerField(default=0, db_default=0)
    last_reply_seq = models.BigIntegerField(null=True, blank=True)
    last_reply_at = models.DateTimeField(null=True, blank=True)
    #: The ids of the last users who wrote in the thread, the newest first.
    repliers = models.JSONField(null=True, blank=True)
    # In the form that clients get; the rows that they are made from change together with the message, under the channel's lock.
    #: [[emoji, [user id, …]], …] in the order of the reactions (a JSON object has no order); null: none, also for the next two.
    reactions = models.JSONField(null=True, blank=True)
    #: {users: [id, …], everyone: bool}
    mentions = models.JSONField(null=True, blank=True)
    #: [{id, name, size, type, …}, …]
    files = models.JSONField(null=True, blank=True)
    pinned_at = models.DateTimeField(null=True, blank=True)
    #: The digest of the first text (chat/services/message_digest.py); null for older messages, and for system messages.
    said_digest = models.BinaryField(null=True, editable=False)
    #: In a conversation with the support: the sender's name for the customer; empty: the sender's own name.
    said_as = models.CharField(max_length=80, blank=True, default="", db_default="", editable=False)
    status = models.CharField(max_length=9, choices=MessageStatus.choices, default=MessageStatus.SENT)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    #: When it got this `rev`; null if it never changed, or only before this column existed.
    changed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = MessageManager()

    class Meta:
        db_table = "messages"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["sender", "client_msg_id"], name="messages_once"),
            models.UniqueConstraint(fields=["channel", "seq"], name="messages_seq"),
            models.UniqueConstraint(fields=["channel", "rev"], name="messages_rev"),
            CheckWhenWritten(
                name="messages_body_bytes",
                condition=LessThanOrEqual(Func(F("body"), function="octet_length", output_field=IntegerField()), 2048),
            ),
            CheckWhenWritten(
                name="messages_body_empty_only_if_deleted",
                condition=~Q(body="")
                | Q(deleted_at__isnull=False)
                | Q(kind="system")
                # A message with files needs no text.
                | Q(files__isnull=False),
            ),
            CheckWhenWritten(name="messages_rev_from_seq", condition=Q(rev__gte=F("seq"), seq__gte=1)),
        ]
        indexes = [
            models.Index(F("channel"), F("created_at").desc(), name="idx_messages_channel_created"),
            GinIndex(OpClass("folded", "gin_trgm_ops"), name="idx_messages_body_gin"),
            models.Index(fields=["reply_to"], name="idx_messages_reply_to", condition=Q(reply_to__isnull=False)),
            # Partial: the replies of a thread, the pins of a channel, and the filters of the staff's lists need few of many rows.
            models.Index(fields=["thread", "seq"], name="idx_messages_thread", condition=Q(thread__isnull=False)),
            models.Index(
                fields=["channel", "pinned_at"], name="idx_messages_pinned", condition=Q(pinned_at__isnull=False)
            ),
            models.Index(fields=["id"], name="idx_messages_system", condition=Q(kind="system")),
            # The lines of a desk's log about one conversation, which may have ended years before it is erased.
            models.Index(
                KeyTransform("conversation", "event"), name="idx_messages_of_talk", condition=Q(kind="system")
            ),
            models.Index(fields=["id"], name="idx_messages_edited", condition=Q(edited_at__isnull=False)),
            models.Index(fields=["id"], name="idx_messages_deleted", condition=Q(deleted_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id}/{self.seq}"
