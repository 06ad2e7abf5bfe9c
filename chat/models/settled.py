"""How far a channel's messages have their delivered and read times filled in."""

from django.db import models

from chat.models.channel import Channel


class SettledUpTo(models.Model):
    """Apart from the channel's own row, which posting locks."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, primary_key=True, related_name="settled")
    delivered_settled = models.BigIntegerField(default=0, db_default=0)
    read_settled = models.BigIntegerField(default=0, db_default=0)
    #: The slowest member, whose own messages wait for the others only, and how far these are settled.
    delivered_slowest = models.BigIntegerField(default=0, db_default=0)
    delivered_own = models.BigIntegerField(default=0, db_default=0)
    read_slowest = models.BigIntegerField(default=0, db_default=0)
    read_own = models.BigIntegerField(default=0, db_default=0)
    #: How often messages have changed without a number: statuses filled in, rows taken away. Moved by a trigger.
    unnumbered = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "channels_settled"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.channel_id}: {self.delivered_settled}, {self.read_settled}"
