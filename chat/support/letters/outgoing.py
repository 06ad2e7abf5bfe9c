"""The text of outgoing mails. A repeat has the same Message-ID, so that mail programs show it once."""

from collections.abc import Sequence
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMessage

from chat import shapes
from chat.formatting import format_files
from chat.models import Message
from chat.support.letters.addresses import reply_address
from chat.support.letters.incoming import ANSWER_ABOVE
from chat.support.models import Inbox, Mail, MailKind

_SUBJECTS = {
    MailKind.ANSWERS: "{inbox}: an answer to your question",
    MailKind.TRANSCRIPT: "{inbox}: your conversation",
    MailKind.NEW: "{inbox}: somebody waits for an answer",
    MailKind.ASSIGNED: "{inbox}: a conversation was assigned to you",
    MailKind.DUE: "{inbox}: an answer is due soon",
}


def letter(mail: Mail, inbox: Inbox, body: str) -> EmailMessage:
    """The mail with this text. People's answers to it go into the conversation, machines' answers do not."""
    thread = f"<conversation-{mail.conversation_id}@{_domain(inbox)}>"
    return EmailMessage(
        subject=_SUBJECTS[MailKind(mail.kind)].format(inbox=inbox.name),
        body=body,
        from_email=formataddr((inbox.name, inbox.mail_from)),
        to=[mail.address],
        reply_to=[reply_address(inbox.mail_from, mail.conversation_id)] if mail.agent_id is None else [],
        headers={
            "Message-ID": f"<{mail.kind}-{mail.conversation_id}-{mail.number}-{mail.pk}@{_domain(inbox)}>",
            "In-Reply-To": thread,
            "References": thread,
            # RFC 3834: no holiday notice should answer it.
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )


def answers_text(inbox: Inbox, rows: Sequence[Message]) -> str:
    return f"{ANSWER_ABOVE}\n\n{transcript_text(rows)}\n\n{inbox.name}\nYou can simply answer this mail.\n"


def transcript_text(rows: Sequence[Message]) -> str:
    """The messages in order, as plain text. Needs the rows with their senders."""
    return "\n\n".join(
        f"{shapes.sender_of(row).display_name}, {row.created_at:%Y-%m-%d %H:%M} UTC:\n{_said(row)}" for row in rows
    )


def _said(row: Message) -> str:
    return "\n".join(filter(None, [row.body, *format_files(row.files)])) or "(deleted)"


def agent_text(mail: Mail, visitor: str) -> str:
    """The text for an agent. It contains nothing of the customer's messages, which only the desk shows, with its rights."""
    return f"{visitor} is waiting.\n\n{settings.PUBLIC_URL}/admin/desk/#{mail.conversation_id}\n"


def _domain(inbox: Inbox) -> str:
    return inbox.mail_from.rpartition("@")[2]
