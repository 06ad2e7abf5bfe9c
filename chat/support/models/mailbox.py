"""Mailboxes from which customers' mails are collected (IMAP_URL): the time of the next look, and the outcome of the last."""

from django.db import models

from chat import clock


class Mailbox(models.Model):
    #: The mailbox's name: user, host and folder.
    address = models.CharField(max_length=400, unique=True)
    #: No process looks before this time. The process that looks moves it on, so that only one process looks at a time.
    next_at = models.DateTimeField(default=clock.now)
    #: The time of the last successful look.
    collected_at = models.DateTimeField(null=True, blank=True)
    #: Since when collecting fails, and why.
    failing_since = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True, default="", db_default="")
    #: Refused mails in the mailbox, flagged and unread, which a person must read.
    put_aside = models.PositiveIntegerField("refused, for a person to see", default=0, db_default=0)

    class Meta:
        db_table = "support_mailboxes"
        default_permissions = ("view",)
        verbose_name_plural = "mailboxes"

    def __str__(self) -> str:
        return self.address
