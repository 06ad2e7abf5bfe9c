"""Transcripts: a conversation's messages as text, to read or to mail to its customer. Notes are in another log."""

from django.db import transaction

from chat import clock
from chat.allowances.counting import counted
from chat.allowances.table import TRANSCRIPTS
from chat.models import Channel, Conversation, User
from chat.support.letters.outgoing import transcript_text
from chat.support.models import Contact, Mail, MailKind, Ticket
from chat.support.services.letters import transcript_rows
from chat.support.services.mailing import is_mailing
from chat.support.services.rating import rated_by
from chat.support.services.standing import require_reader
from delivery.wire.errors import Invalid, NotFound


def transcript(user: User, *, conversation: int, mails: bool = False) -> tuple[str, str | None]:
    """The text, and the address to which it is mailed, if wanted. A repeat without new messages mails nothing.

    Raises NotFound, Forbidden for a user who may not read it, Invalid if no mail can be sent, RateLimited.
    """
    row = _readable(user, conversation)
    with counted(TRANSCRIPTS, user), transaction.atomic():
        head = Channel.objects.values_list("head", flat=True).get(pk=conversation)
        address = _mail(row, head) if mails else None
        text = transcript_text(transcript_rows(conversation, up_to=head))
        # Once more: an agent who loses the right while it is read does not get it, and mails nothing.
        _readable(user, conversation)
        return text, address


def _readable(user: User, conversation: int) -> Conversation:
    if user.is_visitor:
        return rated_by(user, conversation)
    ticket = Ticket.objects.select_related("inbox", "conversation").filter(pk=conversation).first()
    if ticket is None:
        raise NotFound
    require_reader(user, ticket.conversation, ticket.inbox)
    return ticket.conversation


def _mail(row: Conversation, head: int) -> str:
    contact = Contact.objects.select_related("inbox").filter(visitor=row.visitor_id).first()
    if contact is None or not contact.email:
        raise Invalid("No address of the customer is known.")
    if not contact.inbox.mail_from or not is_mailing():
        raise Invalid("This inbox sends no mails.")
    Mail.objects.get_or_create(
        conversation=row,
        kind=MailKind.TRANSCRIPT,
        number=head,
        address=contact.email,
        defaults={"due_at": clock.now()},
    )
    return contact.email
