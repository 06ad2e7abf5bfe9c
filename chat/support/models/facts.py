"""Facts for reports, which are only ever added: waiting times, holding times, times until a conversation was solved.

They are computed from the desk's log, each once, even if processes die meanwhile.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from chat.models import Conversation


class IntervalKind(models.TextChoices):
    FIRST = "first", "until the first answer"
    NEXT = "next", "until a later answer"
    SOLVE = "solve", "until it was solved"
    HELD = "held", "held by an agent"


class Interval(models.Model):
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="intervals", db_index=False)
    episode = models.PositiveIntegerField()
    kind = models.CharField(max_length=5, choices=IntervalKind.choices)
    #: The agent who answered, solved or held.
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    seconds = models.PositiveIntegerField()
    #: Within the inbox's hours, and only while the customer waited: without their silence and without snoozes.
    business_seconds = models.PositiveIntegerField()
    #: Whether the policy was met; None: there was no policy.
    met = models.BooleanField(null=True, blank=True)

    class Meta:
        db_table = "support_spans"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["conversation", "episode", "kind", "began_at"], name="support_spans_once"),
            models.CheckConstraint(
                name="support_spans_kind", condition=Q(kind__in=IntervalKind.values, ended_at__gte=F("began_at"))
            ),
        ]
        indexes = [models.Index(fields=["kind", "ended_at"], name="idx_support_spans_ended")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.conversation_id}"
