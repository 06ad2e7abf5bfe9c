"""Retention: deletes visitors who wrote nothing. Other visitors stay until their conversations are erased."""

import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from chat.models import AuditEntry, Conversation, File, Message, Token, User, UserKind

#: The most visitors in one transaction.
AT_ONCE = 500


def prune_visitors(*, now: datetime.datetime) -> int:
    """Deletes visitors who came more than `silent_visitor_days` ago and have written nothing; returns how many.

    Their tokens go too: a visitor who returns begins a new visit. Blocked and banned visitors stay: the audit log names them.
    """
    before = now - datetime.timedelta(days=settings.LIMITS.silent_visitor_days)
    count = 0
    while pruned := _prune(before):
        count += pruned
    return count


@transaction.atomic
def _prune(before: datetime.datetime) -> int:
    # A visitor who is just beginning a conversation has locked their own row (beginning.py): they are skipped, or find no account.
    rows = _silent(before).select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    held = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    # Read again under the lock, because they may have written just before.
    found = list(_silent(before).filter(pk__in=held).values_list("pk", flat=True))
    Token.objects.filter(user__in=found).delete()
    User.objects.filter(pk__in=found).delete()
    return len(found)


def _silent(before: datetime.datetime) -> "QuerySet[User]":
    of_them = OuterRef("pk")
    return User.objects.filter(
        ~Exists(Conversation.objects.filter(visitor=of_them)),
        ~Exists(Message.objects.filter(sender=of_them)),
        # Files that no message has are deleted within a day or so.
        ~Exists(File.objects.filter(uploader=of_them)),
        ~Exists(AuditEntry.objects.filter(Q(whom=of_them) | Q(actor=of_them))),
        kind=UserKind.VISITOR,
        date_joined__lt=before,
    )
