"""What posting does to conversations with the support (conversing.sql), as announcements; and what a guarded answer missed."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from chat import shapes
from chat.models import Member, Message, MessageKind
from delivery.bus.announcements import Change, Opened
from delivery.wire.codec import encode
from delivery.wire.frames import Person
from delivery.wire.types import Time

#: How many missed messages a refusal contains at most, the newest ones.
MOST_MISSED = 20


class Line(msgspec.Struct, frozen=True):
    """A system message, as write_lines returns it."""

    id: int
    channel_id: int
    sender_id: int
    seq: int
    client_msg_id: uuid.UUID
    body: str
    event: dict[str, Any]

    def change(self, sender: Person, created_at: Time) -> Change:
        message = shapes.spell_message(
            pk=self.id,
            channel=self.channel_id,
            seq=self.seq,
            rev=self.seq,
            client_msg_id=self.client_msg_id,
            sender=sender,
            kind=MessageKind.SYSTEM,
            body=self.body,
            reply_to=None,
            created_at=created_at,
            event=self.event,
        )
        return Change(rev=self.seq, key=self.seq, raw=encode(message))


decode_lines = msgspec.json.Decoder(list[Line]).decode


def missed_since(channel: int, seq: int) -> list[bytes]:
    """The messages after this number, in order, as they are sent."""
    rows = Message.objects.filter(channel=channel).after(seq).for_the_wire().order_by("-seq")[:MOST_MISSED]
    return [encode(shapes.message_of(row)) for row in reversed(rows)]


def listed_again(lines: Sequence[Line]) -> list[Opened]:
    """The announcements that put a reopened conversation back into the lists of its members."""
    reopened = [line.channel_id for line in lines if line.event == {"type": "conversation.reopened"}]
    if not reopened:
        return []
    members = Member.objects.filter(channel_id__in=reopened).values_list("user_id", "channel_id")
    return [Opened(user_id=user, channel_id=channel, action="joined") for user, channel in members]
