"""One user's reaction to a message with one emoji. The message also has all reactions, in the form that clients get."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from chat.models.message import Message


class Reaction(models.Model):
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="reaction_rows", db_index=False, editable=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    #: Fully qualified (chat/emoji.py).
    emoji = models.CharField(max_length=40)

    class Meta:
        db_table = "message_reactions"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["message", "emoji", "user"], name="message_reactions_once"),
            models.CheckConstraint(name="message_reactions_emoji", condition=~Q(emoji="")),
        ]
        # All reactions of one person, for erasing and exporting.
        indexes = [models.Index(fields=["user"], name="idx_message_reactions_user")]

    def __str__(self) -> str:
        return f"{self.emoji} of {self.user_id}"
