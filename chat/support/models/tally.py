"""The counter's state of a conversation between two changes of its desk's log, so that it never reads the log twice."""

import datetime

from django.conf import settings
from django.db import models

from chat.models import Conversation

_NOTHING = datetime.timedelta(0)


class Tally(models.Model):
    conversation = models.OneToOneField(Conversation, on_delete=models.CASCADE, primary_key=True, related_name="tally")
    episode = models.PositiveIntegerField(default=1, db_default=1)
    #: When this episode began.
    began_at = models.DateTimeField()
    #: Since when the customer waits for an answer, including pauses; None: they have one.
    wait_began_at = models.DateTimeField(null=True, blank=True)
    #: Since when time counts; None: the customer is silent, or the conversation is snoozed.
    running_since = models.DateTimeField(null=True, blank=True)
    #: The time counted before that, within the inbox's hours: of this wait, and of the whole episode.
    wait_used = models.DurationField(default=_NOTHING)
    solve_used = models.DurationField(default=_NOTHING)
    #: Whether this episode has an answer.
    is_answered = models.BooleanField(default=False, db_default=False)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    held_since = models.DateTimeField(null=True, blank=True)
    #: Up to this number the customer has read the answers, or got them by mail.
    mailed_seq = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "support_tallies"
        default_permissions = ()

    def __str__(self) -> str:
        return f"tally of {self.conversation_id}"
