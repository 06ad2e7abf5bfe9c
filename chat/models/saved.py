"""A message that a user has saved for themselves; no channel's log contains it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from chat.models.message import Message

if TYPE_CHECKING:
    from chat.models.user import User


class SavedQuerySet(models.QuerySet["Saved"]):
    def visible_to(self, user: User) -> SavedQuerySet:
        """Messages that the user has saved, in channels that they are in now."""
        return self.filter(user=user, message__channel__members__user=user)


class Saved(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")

    objects = SavedQuerySet.as_manager()

    class Meta:
        db_table = "saved_messages"
        # Only the user themselves sees them.
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "message"], name="saved_messages_once")]

    def __str__(self) -> str:
        return f"{self.message_id} saved by {self.user_id}"
