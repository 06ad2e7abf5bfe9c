"""Mailboxes from which customers' mails are collected (IMAP_URL): who looks next, and how it went."""

from django.db import models

from chat import clock


class Mailbox(models.Model):
    #: As the mailbox calls itself: user, host and folder.
    address = models.CharField(max_length=400, unique=True)
    #: Nobody looks before; who takes it sets it on, so that one process looks at a time.
    next_at = models.DateTimeField(default=clock.now)
    #: When somebody last looked and could.
    collected_at = models.DateTimeField(null=True, blank=True)
    #: Since when it can't be collected from, and why.
    failing_since = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True, default="", db_default="")
    #: Mails that lie there refused, flagged and unread, for a person to see.
    put_aside = models.PositiveIntegerField("refused, for a person to see", default=0, db_default=0)

    class Meta:
        db_table = "support_mailboxes"
        default_permissions = ("view",)
        verbose_name_plural = "mailboxes"

    def __str__(self) -> str:
        return self.address
