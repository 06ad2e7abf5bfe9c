"""A message before it is in the log, and what its body may hold."""

import uuid
from dataclasses import dataclass

from django.conf import settings

from chat.naming import shows_nothing
from chat.services.first_said import digest_of
from delivery.wire.errors import Empty, Invalid, TooLong


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message on its way into the log; ChatNode.post checks its body."""

    channel: int
    sender: int
    client_msg_id: uuid.UUID
    body: str
    reply_to: int | None = None
    #: The root of the thread that this is a reply in.
    thread: int | None = None
    also_in_channel: bool = False
    #: Of the staff in a conversation with the support: the newest number that they had seen; None: their read cursor.
    seen_seq: int | None = None
    #: Own ones that no message has yet, in their order.
    files: tuple[int, ...] = ()

    @property
    def channel_id(self) -> int:
        return self.channel

    @property
    def digest(self) -> bytes:
        return digest_of(
            channel=self.channel,
            body=self.body,
            reply_to=self.reply_to,
            thread=self.thread,
            also_in_channel=self.also_in_channel,
            files=self.files,
        )

    @property
    def key(self) -> tuple[int, uuid.UUID]:
        """What there is one row of, for ever (constraint messages_once)."""
        return self.sender, self.client_msg_id


def check_draft(draft: Draft) -> None:
    """Raises what check_body raises, and Invalid for files that no message can have; with files it needs no words."""
    check_body(draft.body, may_be_empty=bool(draft.files))
    most = settings.LIMITS.files_per_message
    if len(draft.files) > most:
        raise Invalid(f"A message has at most {most} files.")
    if len(set(draft.files)) < len(draft.files):
        raise Invalid("One of the files is named twice.")


def check_body(body: str, *, may_be_empty: bool = False) -> str:
    """The body as it is. Raises Empty, TooLong, or Invalid for what PostgreSQL or UTF-8 can't hold."""
    # Its size first: looking at each character of a large one would keep the event loop from others.
    try:
        size = len(body.encode())
    except UnicodeEncodeError:
        raise Invalid("The text is not valid Unicode: it has half of a surrogate pair.") from None
    if size > settings.LIMITS.message_bytes:
        raise TooLong(f"The message has {size:,} bytes; {settings.LIMITS.message_bytes:,} are allowed.")
    if shows_nothing(body) and not (may_be_empty and not body):
        raise Empty
    if "\x00" in body:
        raise Invalid("A message can't contain the NUL character.")
    return body
