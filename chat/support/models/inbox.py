"""Inboxes, to which customers write: one for each site of a company, with its agents and the log of its queue."""

import secrets

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from chat import clock
from chat.models import Channel
from chat.support.models.hours import Hours


def new_key() -> str:
    """A new key of an inbox. It is public: the company's page contains it."""
    return secrets.token_urlsafe(15)


def new_secret() -> str:
    """A new secret, with which the company's server signs identities (HS256)."""
    return secrets.token_urlsafe(32)


class Routing(models.TextChoices):
    #: Agents claim conversations.
    PULL = "pull", "agents claim"
    #: Gives a conversation to the agent who got one longest ago.
    TURNS = "turns", "in turn"
    #: Gives a conversation to the agent who holds the fewest.
    LEAST = "least", "to who has the least"


class Inbox(models.Model):
    name = models.CharField(max_length=80, unique=True)
    key = models.CharField(max_length=40, unique=True, default=new_key, editable=False)
    #: A disabled inbox accepts no new conversations; those that have begun go on.
    is_enabled = models.BooleanField(default=True, db_default=True)
    #: scheme://host[:port] of the pages that may frame its widget.
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    desk = models.OneToOneField(Channel, on_delete=models.PROTECT, related_name="inbox", editable=False)
    secret = models.CharField(max_length=64, default=new_secret, editable=False)
    #: The secret before: its signatures stay valid while the company changes to the new secret.
    previous_secret = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    #: Whether only visitors with a signed identity can write.
    must_verify = models.BooleanField(default=False, db_default=False)
    #: None: always open.
    hours = models.ForeignKey(Hours, null=True, blank=True, on_delete=models.PROTECT, related_name="inboxes")
    routing = models.CharField(max_length=5, choices=Routing.choices, default=Routing.PULL, db_default=Routing.PULL)
    #: The capacity of agents without their own; 0: no conversation can be assigned or claimed.
    capacity = models.PositiveSmallIntegerField(default=5, db_default=5)
    lease_seconds = models.PositiveIntegerField(default=900, db_default=900)
    reopen_days = models.PositiveSmallIntegerField(default=7, db_default=7)
    #: Conversations are resolved after so many days without a message of the customer; None: never.
    resolves_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    #: Resolved conversations are erased after so many days; None: never.
    keeps_days = models.PositiveIntegerField(null=True, blank=True)
    asks_rating = models.BooleanField(default=True, db_default=True)
    greeting = models.CharField(max_length=500, blank=True, default="", db_default="")
    closed_text = models.CharField(max_length=500, blank=True, default="", db_default="")
    #: The sender address of its mails; empty: it sends none.
    mail_from = models.EmailField(blank=True, default="", db_default="")
    #: The last change of the desk's log for which facts are counted and mails are written.
    counted_rev = models.BigIntegerField(default=0, db_default=0, editable=False)
    #: Conversations resolved before this time are erased, if `keeps_days` is over.
    erased_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "support_inboxes"
        default_permissions = ("add", "change", "view")
        verbose_name_plural = "inboxes"
        constraints = [
            models.CheckConstraint(name="support_inboxes_routing", condition=Q(routing__in=Routing.values)),
            models.CheckConstraint(name="support_inboxes_lease", condition=Q(lease_seconds__gte=1)),
        ]

    def __str__(self) -> str:
        return self.name


class Agent(models.Model):
    """An agent of an inbox, who is a member of its desk's log."""

    inbox = models.ForeignKey(Inbox, on_delete=models.CASCADE, related_name="agents", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="agencies")
    #: None: the inbox's.
    capacity = models.PositiveSmallIntegerField(null=True, blank=True)
    #: The agent's choice, apart from presence: whether conversations are assigned to them.
    accepting = models.BooleanField(default=True, db_default=True)
    #: May assign and release conversations of others, change the inbox and read its reports.
    supervises = models.BooleanField(default=False, db_default=False)
    #: When routing last gave them a conversation: this decides whose turn it is.
    given_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "support_agents"
        default_permissions = ("add", "change", "delete", "view")
        constraints = [models.UniqueConstraint(fields=["inbox", "user"], name="support_agents_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.inbox}"

    @property
    def most(self) -> int:
        """The most conversations that they can hold at a time."""
        return self.inbox.capacity if self.capacity is None else self.capacity
