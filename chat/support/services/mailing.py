"""Mails that wait to be sent: answers that the customer has not read. Each is written once, by a cursor on the tally."""

import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q

from chat import clock
from chat.models import Conversation, ConversationState, Member, Message, MessageKind
from chat.models.message import MessageQuerySet
from chat.support.models import Contact, Inbox, Mail, MailKind, Tally

#: Conversations that one run looks at.
AT_ONCE = 500
#: What was resolved so long ago gets no mail any more.
RESOLVED_HOURS = 24


def is_mailing() -> bool:
    """Whether there is a mail server at all (EMAIL_URL)."""
    return bool(settings.EMAIL_HOST)


def write_answer_mails() -> int:
    """One mail for each customer with an address who has not read an answer for some minutes; how many were written."""
    if not is_mailing():
        return 0
    found = [pk for inbox in Inbox.objects.exclude(mail_from="").order_by("pk") for pk in _unread_in(inbox)]
    return sum(_write(pk) for pk in found)


def unread_answers(conversation: Conversation, *, after: int) -> MessageQuerySet:
    """What the staff said after that number and after all that the customer has read or answered, in its order."""
    read = Member.objects.filter(channel=conversation.pk, user=conversation.visitor_id).values_list(
        "read_seq", flat=True
    )
    own = Message.objects.filter(channel=conversation.pk, sender=conversation.visitor_id, kind=MessageKind.TEXT)
    seen = max(after, read.first() or 0, own.aggregate(last=Max("seq"))["last"] or 0)
    said = Message.objects.filter(channel=conversation.pk, kind=MessageKind.TEXT, deleted_at=None)
    return said.after(seen).exclude(sender=conversation.visitor_id).order_by("seq").for_the_wire()


def _unread_in(inbox: Inbox) -> list[int]:
    lately = clock.now() - datetime.timedelta(hours=RESOLVED_HOURS)
    found = Conversation.objects.filter(
        ~Q(state=ConversationState.RESOLVED) | Q(resolved_at__gte=lately),
        desk=inbox.desk_id,
        tally__mailed_seq__lt=F("answered_seq"),
        visitor__contact__email__gt="",
    )
    return list(found.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


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
