"""Canned answers, and customers' ratings."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.lookups import LessThanOrEqual

from chat import clock
from chat.models import Conversation
from chat.support.models.inbox import Inbox


class CannedAnswer(models.Model):
    """A canned answer. Clients replace `{{visitor}}` and `{{agent}}` in its body with the names."""

    inbox = models.ForeignKey(Inbox, on_delete=models.CASCADE, related_name="canned_answers", db_index=False)
    code = models.CharField(
        max_length=40, validators=[RegexValidator(r"^[a-z0-9][a-z0-9_-]*\Z", "Small letters, digits, dashes.")]
    )
    body = models.TextField()

    class Meta:
        db_table = "canned_answers"
        default_permissions = ("add", "change", "delete", "view")
        ordering = ("code",)
        constraints = [
            models.UniqueConstraint(fields=["inbox", "code"], name="canned_answers_code_once"),
            models.CheckConstraint(
                name="canned_answers_body_bytes",
                condition=LessThanOrEqual(Func(F("body"), function="octet_length", output_field=IntegerField()), 2048)
                & ~Q(body=""),
            ),
        ]

    def __str__(self) -> str:
        return f"/{self.code}"


class Rating(models.Model):
    """A rating, at most one for each episode; a second one replaces nothing."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="ratings", db_index=False)
    episode = models.PositiveIntegerField()
    score = models.PositiveSmallIntegerField()
    comment = models.CharField(max_length=1000, blank=True, default="", db_default="")
    #: The agent who answered last in that episode.
    agent = models.ForeignKey(
        "chat.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "ratings"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["conversation", "episode"], name="ratings_once_an_episode"),
            models.CheckConstraint(name="ratings_score", condition=Q(score__gte=1, score__lte=5)),
        ]
        indexes = [models.Index(fields=["created_at"], name="idx_ratings_created")]

    def __str__(self) -> str:
        return f"{self.score} for {self.conversation_id}"
