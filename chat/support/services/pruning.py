"""Retention: visitors who came and wrote nothing. Whoever has written stays, until their conversations are erased."""

import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from chat.models import AuditEntry, Conversation, File, Message, Token, User, UserKind

#: In one transaction.
AT_ONCE = 500


def prune_visitors(*, now: datetime.datetime) -> int:
    """Takes away those who came before `silent_visitor_days` and have written nothing; how many they were.

    Their token with them: who comes back begins another visit. Who was blocked or banned stays so: the audit log names them.
    """
    before = now - datetime.timedelta(days=settings.LIMITS.silent_visitor_days)
    count = 0
    while pruned := _prune(before):
        count += pruned
    return count


@transaction.atomic
def _prune(before: datetime.datetime) -> int:
    # Who begins holds their own row (beginning.py): they are passed over, or find that they are nobody any more.
    rows = _silent(before).select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    held = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    # As they are now that they are held: they may have written just before.
    found = list(_silent(before).filter(pk__in=held).values_list("pk", flat=True))
    Token.objects.filter(user__in=found).delete()
    User.objects.filter(pk__in=found).delete()
    return len(found)


def _silent(before: datetime.datetime) -> "QuerySet[User]":
    of_them = OuterRef("pk")
    return User.objects.filter(
        ~Exists(Conversation.objects.filter(visitor=of_them)),
        ~Exists(Message.objects.filter(sender=of_them)),
        # Those that no message takes go within a day or so.
        ~Exists(File.objects.filter(uploader=of_them)),
        ~Exists(AuditEntry.objects.filter(Q(whom=of_them) | Q(actor=of_them))),
        kind=UserKind.VISITOR,
        date_joined__lt=before,
    )
