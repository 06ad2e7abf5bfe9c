"""A mail as it came: whom it is for, whether a machine wrote it, and what its writer said above what they quote."""

import email
import email.policy
import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from email.utils import getaddresses, parseaddr

from django.utils.html import strip_tags

from delivery.wire.errors import Invalid

#: Stands in every mail of ours above what was said: an answer ends there.
ANSWER_ABOVE = "-- Please write your answer above this line --"
_RECIPIENTS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
_BULK = {"bulk", "junk", "list", "auto_reply"}
#: The line with which mail programs begin what they quote.
_QUOTES = re.compile(
    r"^(>|-{3,} ?(original message|ursprüngliche nachricht|message d'origine)"
    r"|(on|am|le|el|il) .{6,200}(wrote|schrieb|a écrit|escribió|ha scritto).{0,100}:\s*$)",
    re.IGNORECASE,
)
_INVISIBLE = re.compile(r"<(script|style|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAKS = re.compile(r"<(br|/p|/div|/tr|/li)\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Incoming:
    message_id: str
    sender: str
    recipients: Sequence[str]
    text: str
    #: Names of what was attached.
    attached: Sequence[str]
    #: Written by a machine: an auto-reply, a bounce, a list. Nothing answers it.
    is_automatic: bool


def read_mail(raw: bytes, *, recipients: Sequence[str] = ()) -> Incoming:
    """`recipients`: of the envelope, as the mail server says them. Raises Invalid for what is no mail."""
    try:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return Incoming(
            message_id=str(message["message-id"] or "").strip() or hashlib.sha256(raw).hexdigest(),
            sender=parseaddr(str(message["from"] or ""))[1],
            recipients=[*recipients, *_recipients(message)],
            text=_above_quotes(_text(message)),
            attached=[part.get_filename("a file")[:100] for part in message.iter_attachments()],
            is_automatic=_is_automatic(message),
        )
    except (ValueError, LookupError, AssertionError, AttributeError, TypeError, IndexError, RecursionError):
        # Whatever the parser stumbles over: it is told to who hands the mail in, which keeps it.
        raise Invalid("This is no mail that can be read.") from None


def _recipients(message: EmailMessage) -> list[str]:
    found = [str(value) for name in _RECIPIENTS for value in message.get_all(name, [])]
    return [address for _, address in getaddresses(found)]


def _is_automatic(message: EmailMessage) -> bool:
    """RFC 3834, and what servers wrote before it."""
    submitted = str(message["auto-submitted"] or "no").partition(";")[0].strip().lower()
    is_bounce = str(message["return-path"] or "").strip() == "<>" or message.get_content_type() == "multipart/report"
    named = {name.lower() for name in message}
    return (
        submitted != "no"
        or is_bounce
        or str(message["precedence"] or "").strip().lower() in _BULK
        or bool(named & {"list-id", "list-unsubscribe", "x-autoreply", "x-autorespond", "x-auto-response-suppress"})
    )


def _text(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    said = _decoded(part)
    if part.get_content_type() == "text/html":
        said = html.unescape(strip_tags(_BREAKS.sub("\n", _INVISIBLE.sub("", said))))
    return said.replace("\r\n", "\n").replace("\x00", "")


def _decoded(part: MIMEPart) -> str:
    raw = part.get_payload(decode=True)
    assert isinstance(raw, bytes)
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _above_quotes(text: str) -> str:
    kept: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        # The line of who wrote what is quoted may be broken in two.
        both = f"{line.strip()} {lines[number + 1].strip()}" if number + 1 < len(lines) else line
        if ANSWER_ABOVE in line or _QUOTES.match(line.strip()) or (line.strip() and _QUOTES.match(both)):
            break
        kept.append(line.rstrip())
    return "\n".join(kept).strip()
