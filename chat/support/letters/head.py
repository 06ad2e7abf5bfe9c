"""The head of a mail: its recipients, its claimed sender, and whether a machine wrote it.

Cheap for any mail: mails of strangers and machines end here.
"""

import email
import email.policy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import parseaddr

#: Bytes of a head that are read; characters of each field.
HEAD_BYTES, FIELD_CHARACTERS = 64 * 1024, 2000
_RECIPIENTS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
_BULK = {"bulk", "junk", "list", "auto_reply"}
_OF_MACHINES = {"list-id", "list-unsubscribe", "x-autoreply", "x-autorespond", "x-auto-response-suppress"}


@dataclass(frozen=True)
class Head:
    message_id: str
    sender: str
    #: The recipients of the envelope and of the fields.
    recipients: Sequence[str]
    #: A machine wrote it: an auto-reply, a bounce, a list. It must get no answer.
    is_automatic: bool


def read_head(raw: bytes, *, recipients: Sequence[str] = ()) -> Head:
    """Reads the head. `recipients`: the envelope's, from the mail server."""
    message = email.message_from_bytes(_head(raw), policy=email.policy.compat32)
    named = [_clean(value) for name in _RECIPIENTS for value in message.get_all(name, [])]
    return Head(
        message_id=_field(message, "message-id") or hashlib.sha256(raw).hexdigest(),
        sender=_address(_field(message, "from")),
        recipients=[*recipients, *named],
        is_automatic=_is_automatic(message),
    )


def _head(raw: bytes) -> bytes:
    ends = [place for place in (raw.find(b"\n\n", 0, HEAD_BYTES), raw.find(b"\n\r\n", 0, HEAD_BYTES)) if place >= 0]
    return raw[: min(ends, default=HEAD_BYTES) + 1]


def _field(message: Message, name: str) -> str:
    return _clean(message.get(name, ""))


def _clean(value: object) -> str:
    # The parser gives non-ASCII bytes as halves of surrogate pairs, which no text may have.
    return str(value)[:FIELD_CHARACTERS].encode("ascii", "replace").decode().replace("\x00", "").strip()


def _address(field: str) -> str:
    try:
        return parseaddr(field)[1]
    except (ValueError, IndexError, RecursionError):
        return ""


def _is_automatic(message: Message) -> bool:
    """Whether a machine wrote the mail, by RFC 3834 and by older headers."""
    submitted = (_field(message, "auto-submitted") or "no").partition(";")[0].strip().lower()
    is_bounce = _field(message, "return-path") == "<>" or message.get_content_type() == "multipart/report"
    return (
        submitted != "no"
        or is_bounce
        or _field(message, "precedence").lower() in _BULK
        or any(name.lower() in _OF_MACHINES for name, _ in message.items())
    )
