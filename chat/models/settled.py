"""How far a channel's messages have their delivered and read times filled in."""

from django.db import models

from chat.models.channel import Channel


class SettledUpTo(models.Model):
    """The progress, in a row apart from the channel's own, which posting locks."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, primary_key=True, related_name="settled")
    delivered_settled = models.BigIntegerField(default=0, db_default=0)
    read_settled = models.BigIntegerField(default=0, db_default=0)
    #: The slowest member, whose own messages wait only for the others, and how far these messages are settled.
    delivered_slowest = models.BigIntegerField(default=0, db_default=0)
    delivered_own = models.BigIntegerField(default=0, db_default=0)
    read_slowest = models.BigIntegerField(default=0, db_default=0)
    read_own = models.BigIntegerField(default=0, db_default=0)
    #: How often messages have changed without a number: statuses filled in, rows deleted. A trigger counts it.
    unnumbered = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "channels_settled"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.channel_id}: {self.delivered_settled}, {self.read_settled}"
