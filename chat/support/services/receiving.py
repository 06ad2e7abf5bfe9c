"""A customer's mail becomes messages in their conversation: once for a mail, whole or not at all. Machines' mails are dropped."""

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

#: Of the ids of messages that mails became: a repeat of a mail is the same messages.
_MAILS = uuid.UUID("5e0f8f7c-7a4e-5d0b-9a51-3c1a54a1b7de")


def receive_mail(raw: bytes, *, recipients: Sequence[str] = ()) -> int:
    """How many messages its words became; 0 for a machine's mail, which is answered by nothing. A repeat adds nothing.

    What was attached are files of the first message; what is refused of it is named at the end, with the reason.
    Raises Invalid, NotFound for an address that leads nowhere, Forbidden for a stranger's mail or a blocked customer's, TooLong,
    Empty, and what posting refuses.
    """
    if len(raw) > settings.LIMITS.mail_bytes:
        raise TooLong(f"The mail has more than {settings.LIMITS.mail_bytes:,} bytes.")
    head = read_head(raw, recipients=recipients)
    if head.is_automatic:
        return 0
    # Who may not write here at all has nothing opened.
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
    """Each at most as long as a message, broken at ends of lines where there are some."""
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
    # With its words: two mails of one Message-ID are a repeat only if they say the same.
    return uuid.uuid5(_MAILS, f"{mark} {hashlib.sha256(text.encode()).hexdigest()}")


def _begun(key: uuid.UUID) -> uuid.UUID:
    """Of the message that begins another conversation."""
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
    """Where it was said: in another conversation, which begins with it, when this one is over."""
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
    # A repeat has other files, which nobody needs.
    earlier = Conversation.objects.filter(channel__messages__sender=visitor, channel__messages__client_msg_id=key)
    begun = earlier.select_related("visitor").first()
    return begun or begin(visitor, client_msg_id=key, body=first.body, files=first.files)[0]


def _require_said(drafts: Sequence[Draft], outcomes: Sequence[object]) -> None:
    for draft, outcome in zip(drafts, outcomes, strict=True):
        if isinstance(outcome, Refused) and not (isinstance(outcome, Conflict) and _is_said(draft)):
            raise outcome


def _is_said(draft: Draft) -> bool:
    # By another process at the same moment, with files of its own.
    return Message.objects.filter(sender=draft.sender, client_msg_id=draft.client_msg_id).exists()
