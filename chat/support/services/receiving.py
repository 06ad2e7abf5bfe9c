"""Turns a customer's mail into messages of their conversation: once for each mail, whole or not at all. Drops machines' mails."""

import hashlib
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from django.conf import settings

from chat.allowances.counting import counted
from chat.allowances.table import MESSAGES
from chat.models import Conversation, Message, User
from chat.naming import shows_nothing
from chat.services import Draft, post_messages
from chat.support.letters.addresses import conversation_of
from chat.support.letters.head import Head, read_head
from chat.support.letters.incoming import Opened, open_mail
from chat.support.models import Contact
from chat.support.services.attaching import Attachments, attached
from chat.support.services.beginning import begin
from delivery.wire.errors import Conflict, Empty, Forbidden, NotFound, Over, Refused, TooLong

#: The namespace of the client_msg_ids of mails' messages: a repeat of a mail makes the same messages.
_MAILS = uuid.UUID("5e0f8f7c-7a4e-5d0b-9a51-3c1a54a1b7de")


def receive_mail(raw: bytes, *, recipients: Sequence[str] = ()) -> int:
    """Receives a mail; returns the number of messages. 0 for a machine's mail, which gets no answer. A repeat adds nothing.

    The attachments become files of the first message; the end of the text names refused ones, with the reason.
    Raises Invalid, NotFound for an address without a conversation, Forbidden for mails of strangers and blocked customers, TooLong,
    Empty, and the refusals of posting.
    """
    if len(raw) > settings.LIMITS.mail_bytes:
        raise TooLong(f"The mail has more than {settings.LIMITS.mail_bytes:,} bytes.")
    head = read_head(raw, recipients=recipients)
    if head.is_automatic:
        return 0
    # The mail is not opened if its writer may not write here at all.
    conversation = _conversation(head)
    mail = open_mail(raw)
    texts = _texts(mail)
    keys = [_key(f"{conversation.pk} {head.message_id} {number}", text) for number, text in enumerate(texts)]
    said = Message.objects.filter(sender=conversation.visitor_id, client_msg_id__in=[*keys, _begun(keys[0])])
    if said.count() < len(keys):
        with attached(conversation.visitor, mail) as attachments:
            _say(conversation, _drafts(conversation, keys, texts, attachments))
    return len(keys)


def _conversation(head: Head) -> Conversation:
    pk = conversation_of(head.recipients)
    conversation = Conversation.objects.select_related("visitor").filter(pk=pk).first() if pk else None
    if conversation is None:
        raise NotFound("No conversation has this address.")
    contact = Contact.objects.filter(visitor=conversation.visitor_id).first()
    if contact is None or not contact.email or contact.email.lower() != head.sender.lower():
        raise Forbidden("Write from the address that our answers were sent to.")
    if contact.blocked_at is not None or not conversation.visitor.is_active:
        raise Forbidden("You can't write to this inbox any more.")
    return conversation


def _texts(mail: Opened) -> list[str]:
    if shows_nothing(mail.text):
        if not mail.attached:
            raise Empty("The mail has no text above the quoted mail.")
        return [""]
    return _pieces(mail.text)


def _pieces(text: str) -> list[str]:
    """The text in pieces no longer than a message, broken at line ends if possible."""
    most = settings.LIMITS.message_bytes
    pieces: list[str] = []
    while text := text.strip("\n"):
        if len(pieces) == settings.LIMITS.mail_parts:
            raise TooLong("The mail is too long: shorten it, and send it again.")
        piece = text[:most].encode()[:most].decode(errors="ignore")
        if len(piece) < len(text) and "\n" in piece.strip():
            piece = piece[: piece.rindex("\n")] if piece.rindex("\n") > 0 else piece
        text = text[len(piece) :]
        if not shows_nothing(piece):
            pieces.append(piece)
    return pieces


def _key(mark: str, text: str) -> uuid.UUID:
    # Includes the text: two mails with the same Message-ID are a repeat only if their text is the same.
    return uuid.uuid5(_MAILS, f"{mark} {hashlib.sha256(text.encode()).hexdigest()}")


def _begun(key: uuid.UUID) -> uuid.UUID:
    """The id of the message that begins another conversation."""
    return uuid.uuid5(_MAILS, f"begin {key}")


def _drafts(
    conversation: Conversation, keys: list[uuid.UUID], texts: list[str], attachments: Attachments
) -> list[Draft]:
    *others, last = texts
    told = "\n\n".join(filter(None, [last, attachments.not_taken]))
    if len(told.encode()) <= settings.LIMITS.message_bytes:
        texts = [*others, told]
    else:
        texts, keys = [*texts, attachments.not_taken], [*keys, _key(str(keys[-1]), "not taken")]
    files: list[tuple[int, ...]] = [attachments.files, *[()] * (len(texts) - 1)]
    return [
        Draft(channel=conversation.pk, sender=conversation.visitor_id, client_msg_id=key, body=text, files=given)
        for key, text, given in zip(keys, texts, files, strict=True)
        if text or given
    ]


def _say(conversation: Conversation, drafts: list[Draft]) -> None:
    """Posts the text; returns the conversation. If this one is over, the text begins another one."""
    visitor = conversation.visitor
    with ExitStack() as counts:
        for _ in drafts:
            counts.enter_context(counted(MESSAGES, visitor))
        outcomes = post_messages(drafts)
        if not any(isinstance(outcome, Over) for outcome in outcomes):
            _require_said(drafts, outcomes)
            return
    first, *others = drafts
    begun = _begin_with(visitor, first)
    if others:
        _say(begun, [replace(draft, channel=begun.pk) for draft in others])


def _begin_with(visitor: User, first: Draft) -> Conversation:
    key = _begun(first.client_msg_id)
    # A repeat has made new files, which nobody needs.
    earlier = Conversation.objects.filter(channel__messages__sender=visitor, channel__messages__client_msg_id=key)
    begun = earlier.select_related("visitor").first()
    return begun or begin(visitor, client_msg_id=key, body=first.body, files=first.files)[0]


def _require_said(drafts: Sequence[Draft], outcomes: Sequence[object]) -> None:
    for draft, outcome in zip(drafts, outcomes, strict=True):
        if isinstance(outcome, Refused) and not (isinstance(outcome, Conflict) and _is_said(draft)):
            raise outcome


def _is_said(draft: Draft) -> bool:
    # Another process has received the same mail at the same moment, with files of its own.
    return Message.objects.filter(sender=draft.sender, client_msg_id=draft.client_msg_id).exists()
