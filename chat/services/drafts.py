"""A message before it is in the log, and the rules for its body."""

import uuid
from dataclasses import dataclass

from django.conf import settings

from chat.naming import shows_nothing
from chat.services.message_digest import digest_of
from delivery.wire.errors import Empty, Invalid, TooLong


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message on its way into the log; ChatNode.post checks its body."""

    channel: int
    sender: int
    client_msg_id: uuid.UUID
    body: str
    reply_to: int | None = None
    #: The root's id, for a reply in a thread.
    thread: int | None = None
    also_in_channel: bool = False
    #: For agents in a support conversation: the newest number that the agent had seen; None: their read cursor.
    seen_seq: int | None = None
    #: The sender's files that no message has yet, in order.
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
        """The key of which there is one row, for ever (constraint messages_once)."""
        return self.sender, self.client_msg_id


def check_draft(draft: Draft) -> None:
    """Raises the same as check_body, and Invalid for files that no message can have. With files the body may be empty."""
    check_body(draft.body, may_be_empty=bool(draft.files))
    most = settings.LIMITS.files_per_message
    if len(draft.files) > most:
        raise Invalid(f"A message has at most {most} files.")
    if len(set(draft.files)) < len(draft.files):
        raise Invalid("One of the files is named twice.")


def check_body(body: str, *, may_be_empty: bool = False) -> str:
    """The body, unchanged. Raises Empty, TooLong, or Invalid for text that PostgreSQL or UTF-8 can't hold."""
    # The size is checked first: looking at each character of a large body would block the event loop.
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
