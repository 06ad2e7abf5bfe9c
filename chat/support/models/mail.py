"""Outgoing mails, one for each conversation, kind and number; a repeat has the same Message-ID."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from chat import clock
from chat.models import Conversation


class MailKind(models.TextChoices):
    ANSWERS = "answers", "unread answers, to the customer"
    TRANSCRIPT = "transcript", "the conversation, to the customer"
    NEW = "new", "a new conversation, to agents"
    ASSIGNED = "assigned", "assigned, to the agent"
    DUE = "due", "soon due, to the agent"


class Mail(models.Model):
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="mails", db_index=False)
    kind = models.CharField(max_length=10, choices=MailKind.choices)
    #: The mail covers the conversation, or the desk's log, up to this number.
    number = models.BigIntegerField()
    #: The agent who gets it; None: the customer.
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    address = models.EmailField()
    due_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: How often a process took it for sending and noted no outcome.
    unknown = models.PositiveSmallIntegerField(default=0, db_default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    #: Why it was given up or is no longer needed.
    dropped = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        db_table = "support_mail"
        default_permissions = ("view",)
        verbose_name_plural = "mail"
        constraints = [
            models.UniqueConstraint(fields=["conversation", "kind", "number", "address"], name="support_mail_once"),
            models.CheckConstraint(name="support_mail_kind", condition=Q(kind__in=MailKind.values)),
        ]
        indexes = [models.Index(fields=["due_at"], name="idx_support_mail_due", condition=Q(sent_at=None, dropped=""))]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} of {self.conversation_id}"
