"""Earlier versions of messages, from before each edit: for moderators and staff, never in the channel's log."""

from django.db import models

from chat.models.message import Message


class MessageVersion(models.Model):
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="versions", db_index=False)
    #: 1 is the text as posted; the newest text is in the message itself.
    number = models.PositiveIntegerField()
    body = models.TextField()
    written_at = models.DateTimeField()
    replaced_at = models.DateTimeField()

    class Meta:
        db_table = "message_versions"
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="message_versions_number")]

    def __str__(self) -> str:
        return f"{self.message_id} v{self.number}"
