"""A row of `messages` as one numbered change of its channel."""

from chat import models
from chat.shapes.columns import MessageColumns
from chat.shapes.message import message_of
from delivery.bus.announcements import Change
from delivery.wire import codec

#: Events that end or begin a membership; `event.user` is the member.
ENDS = {"member.left", "member.removed"}
BEGINS = {"member.joined", "conversation.begun"}


def change_of(row: models.Message | MessageColumns) -> Change:
    """Needs `sender` selected along."""
    event = row.event or {}
    kind = event.get("type")
    return Change(
        rev=row.rev,
        key=row.seq,
        raw=codec.encode(message_of(row)),
        ends=event.get("user") if kind in ENDS else None,
        begins=event.get("user") if kind in BEGINS else None,
        said_by=row.sender_id if row.kind == models.MessageKind.TEXT and row.rev == row.seq else None,
    )
