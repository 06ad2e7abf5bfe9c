"""Tickets: the desk's own data about a conversation and its due times, beside posting's (chat.models.Conversation)."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from chat.models import Conversation
from chat.support.models.inbox import Inbox


class Priority(models.TextChoices):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Ticket(models.Model):
    conversation = models.OneToOneField(Conversation, on_delete=models.CASCADE, primary_key=True, related_name="ticket")
    inbox = models.ForeignKey(Inbox, on_delete=models.PROTECT, related_name="tickets")
    priority = models.CharField(
        max_length=6, choices=Priority.choices, default=Priority.NORMAL, db_default=Priority.NORMAL
    )
    labels = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    #: Whether the company signed the visitor's identity.
    verified = models.BooleanField(default=False, db_default=False)
    #: The address of the page on which it began, without its query; the language of the visitor's browser.
    page = models.CharField(max_length=500, blank=True, default="", db_default="")
    locale = models.CharField(max_length=35, blank=True, default="", db_default="")
    #: Due times, by the inbox's policies and hours; None: nothing is due.
    first_due = models.DateTimeField(null=True, blank=True)
    next_due = models.DateTimeField(null=True, blank=True)
    solve_due = models.DateTimeField(null=True, blank=True)
    #: The due time of which agents were warned by mail.
    warned_for = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "support_tickets"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="support_tickets_priority", condition=Q(priority__in=Priority.values))
        ]
        indexes = [
            models.Index(fields=["first_due"], name="idx_support_first_due", condition=Q(first_due__isnull=False)),
            models.Index(fields=["next_due"], name="idx_support_next_due", condition=Q(next_due__isnull=False)),
            models.Index(fields=["solve_due"], name="idx_support_solve_due", condition=Q(solve_due__isnull=False)),
            GinIndex(fields=["labels"], name="idx_support_labels"),
        ]

    def __str__(self) -> str:
        return f"ticket of {self.conversation_id}"
