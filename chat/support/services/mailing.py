"""Writes mails with answers that customers have not read. A cursor on the tally ensures that each is written once."""

import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, OuterRef, Subquery

from chat import clock
from chat.models import Conversation, ConversationState, Member, Message, MessageKind
from chat.models.message import MessageQuerySet
from chat.support.models import Contact, Inbox, Mail, MailKind, Tally

#: The most conversations that one run reads.
AT_ONCE = 500
#: Conversations that were resolved so long ago get no mail any more.
RESOLVED_HOURS = 24


def is_mailing() -> bool:
    """Whether a mail server is set (EMAIL_URL)."""
    return bool(settings.EMAIL_HOST)


def write_answer_mails() -> int:
    """Writes a mail for each customer with an address who has not read an answer for some minutes; returns how many."""
    if not is_mailing():
        return 0
    found = [pk for inbox in Inbox.objects.exclude(mail_from="").order_by("pk") for pk in _unread_in(inbox)]
    return sum(_write(pk) for pk in found)


def unread_answers(conversation: Conversation, *, after: int) -> MessageQuerySet:
    """The agents' messages, in order, after this number and after all that the customer has read or answered."""
    read = Member.objects.filter(channel=conversation.pk, user=conversation.visitor_id).values_list(
        "read_seq", flat=True
    )
    own = Message.objects.filter(channel=conversation.pk, sender=conversation.visitor_id, kind=MessageKind.TEXT)
    seen = max(after, read.first() or 0, own.aggregate(last=Max("seq"))["last"] or 0)
    said = Message.objects.filter(channel=conversation.pk, kind=MessageKind.TEXT, deleted_at=None)
    return said.after(seen).exclude(sender=conversation.visitor_id).order_by("seq").for_the_wire()


def _unread_in(inbox: Inbox) -> list[int]:
    # Looked up one by one: a join would read all tallies and contacts for the few that are needed.
    mailed = Tally.objects.filter(conversation=OuterRef("pk")).values("mailed_seq")[:1]
    address = Contact.objects.filter(visitor=OuterRef("visitor")).values("email")[:1]
    rows = Conversation.objects.alias(mailed=Subquery(mailed), address=Subquery(address)).filter(
        desk=inbox.desk_id, mailed__lt=F("answered_seq"), address__gt=""
    )
    # Two statements, each with its own index, so that old resolved conversations cost nothing.
    lately = clock.now() - datetime.timedelta(hours=RESOLVED_HOURS)
    found = [
        *rows.exclude(state=ConversationState.RESOLVED).values_list("pk", flat=True),
        *rows.filter(state=ConversationState.RESOLVED, resolved_at__gte=lately).values_list("pk", flat=True),
    ]
    return sorted(found)[:AT_ONCE]


def _write(pk: int) -> int:
    patience = datetime.timedelta(seconds=settings.LIMITS.unread_mail_seconds)
    with transaction.atomic():
        tally = Tally.objects.select_for_update(skip_locked=True, of=("self",), no_key=True).filter(pk=pk).first()
        if tally is None:
            return 0
        conversation = Conversation.objects.get(pk=pk)
        first = unread_answers(conversation, after=tally.mailed_seq).first()
        if first is not None and first.created_at > clock.now() - patience:
            return 0
        Tally.objects.filter(pk=pk).update(mailed_seq=conversation.answered_seq)
        if first is None:
            return 0
        Mail.objects.create(
            conversation=conversation,
            kind=MailKind.ANSWERS,
            number=conversation.answered_seq,
            address=Contact.objects.get(visitor=conversation.visitor_id).email,
            due_at=clock.now(),
        )
    return 1
