"""A customer's mail becomes messages in their conversation: once for a mail, whole or not at all. Machines' mails are dropped."""

import uuid
from collections.abc import Sequence

from django.conf import settings

from chat.allowances.counting import counted
from chat.allowances.table import MESSAGES
from chat.models import Conversation
from chat.naming import shows_nothing
from chat.services import Draft, post_messages
from chat.support.letters.addresses import conversation_of
from chat.support.letters.incoming import Incoming, read_mail
from chat.support.models import Contact
from chat.support.services.beginning import begin
from delivery.wire.errors import Empty, Forbidden, NotFound, Over, Refused, TooLong

#: Of the ids of messages that mails became: a repeat of a mail is the same messages.
_MAILS = uuid.UUID("5e0f8f7c-7a4e-5d0b-9a51-3c1a54a1b7de")


def receive_mail(raw: bytes, *, recipients: Sequence[str] = ()) -> int:
    """How many messages it became; 0 for a machine's mail, which is answered by nothing. A repeat adds nothing.

    Raises Invalid, NotFound for an address that leads nowhere, Forbidden for a stranger's mail or a blocked customer's, TooLong,
    Empty, and what posting refuses.
    """
    if len(raw) > settings.LIMITS.mail_bytes:
        raise TooLong(f"The mail has more than {settings.LIMITS.mail_bytes:,} bytes.")
    mail = read_mail(raw, recipients=recipients)
    if mail.is_automatic:
        return 0
    conversation = _conversation(mail)
    parts = _parts(mail)
    mark = f"{conversation.pk} {mail.message_id}"
    for number, body in enumerate(parts):
        conversation = _say(conversation, body, mark=f"{mark} {number}")
    return len(parts)


def _conversation(mail: Incoming) -> Conversation:
    pk = conversation_of(mail.recipients)
    conversation = Conversation.objects.select_related("visitor").filter(pk=pk).first() if pk else None
    if conversation is None:
        raise NotFound("No conversation has this address.")
    contact = Contact.objects.filter(visitor=conversation.visitor_id).first()
    if contact is None or not contact.email or contact.email.lower() != mail.sender.lower():
        raise Forbidden("Write from the address to which the answers were sent.")
    if contact.blocked_at is not None or not conversation.visitor.is_active:
        raise Forbidden("You can't write to this inbox any more.")
    return conversation


def _parts(mail: Incoming) -> list[str]:
    text = mail.text
    if mail.attached:
        text += f"\n\n(Not taken: {', '.join(mail.attached)})"
    if shows_nothing(text):
        raise Empty("The mail says nothing above what it quotes.")
    parts = _pieces(text.strip())
    if len(parts) > settings.LIMITS.mail_parts:
        raise TooLong("The mail is too long: shorten it, and send it again.")
    return parts


def _pieces(text: str) -> list[str]:
    """Each at most as long as a message, broken at ends of lines where there are some."""
    most, pieces = settings.LIMITS.message_bytes, []
    while text:
        piece = text.encode()[:most].decode(errors="ignore")
        if len(piece) < len(text) and "\n" in piece.strip():
            piece = piece[: piece.rindex("\n")] if piece.rindex("\n") > 0 else piece
        text = text[len(piece) :].lstrip("\n")
        pieces.append(piece)
    return [piece for piece in pieces if not shows_nothing(piece)]


def _say(conversation: Conversation, body: str, *, mark: str) -> Conversation:
    """Where it was said: in another conversation, which begins with it, when this one is over."""
    try:
        _post(conversation, body, client_msg_id=uuid.uuid5(_MAILS, mark))
    except Over:
        begun, _ = begin(conversation.visitor, client_msg_id=uuid.uuid5(_MAILS, f"begin {mark}"), body=body)
        return begun
    return conversation


def _post(conversation: Conversation, body: str, *, client_msg_id: uuid.UUID) -> None:
    visitor = conversation.visitor
    draft = Draft(channel=conversation.pk, sender=visitor.pk, client_msg_id=client_msg_id, body=body)
    with counted(MESSAGES, visitor):
        [outcome] = post_messages([draft])
    if isinstance(outcome, Refused):
        raise outcome
