"""Mentions: one row for each mentioned member, written with the message, under its channel's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from chat.models.block import Block
from chat.models.channel import Channel
from chat.models.message import Message

if TYPE_CHECKING:
    from chat.models.user import User


class MentionQuerySet(models.QuerySet["Mention"]):
    def visible_to(self, user: User) -> MentionQuerySet:
        """Mentions in channels of which the user is a member now, except those by users whom they have blocked."""
        blocked = Block.objects.filter(blocker=user).values("blocked")
        return self.filter(user=user, channel__members__user=user).exclude(sender__in=blocked)


class Mention(models.Model):
    """A mention. `@channel` writes a row for each present member, so later members get none. Nobody mentions themselves."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mention_rows", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions", db_index=False
    )
    # Copied from the message, so that unread mentions are counted from an index alone.
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="mentions", db_index=False)
    seq = models.BigIntegerField()
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)

    objects = MentionQuerySet.as_manager()

    class Meta:
        db_table = "message_mentions"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="message_mentions_once")]
        indexes = [
            models.Index(fields=["user", "channel", "seq"], include=["sender"], name="idx_message_mentions_unread"),
            models.Index(fields=["user", "message"], name="idx_message_mentions_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in message {self.message_id}"
