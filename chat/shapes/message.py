"""A message as it is sent. The same bytes go to everyone: no field depends on who reads."""

import uuid
from typing import Any

import msgspec

from chat import models
from chat.shapes.person import BOB, person_of
from chat.shapes.words import THEN
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message, the same bytes for everyone. `seq` is its place for ever, `rev` the number of its last change."""

    id: int
    channel: int
    seq: int
    rev: int
    client_msg_id: uuid.UUID
    sender: Person
    kind: str
    body: str
    reply_to: int | None
    reactions: dict[str, list[int]]
    created_at: Time
    edited_at: Time | None
    deleted_at: Time | None
    status: str
    delivered_at: Time | None
    read_at: Time | None
    event: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


MESSAGE = Message(
    id=501,
    channel=12,
    seq=341,
    rev=341,
    client_msg_id=uuid.UUID("0b9d2c4e-5f2a-4c0e-9a51-6f7d3b1f8a10"),
    sender=BOB,
    kind="text",
    body="The build is green.",
    reply_to=None,
    reactions={},
    created_at=THEN,
    edited_at=None,
    deleted_at=None,
    status="sent",
    delivered_at=None,
    read_at=None,
)


def spell_message(
    *,
    pk: int,
    channel: int,
    seq: int,
    rev: int,
    client_msg_id: uuid.UUID,
    sender: Person,
    kind: str,
    body: str,
    reply_to: int | None,
    created_at: Time,
    edited_at: Time | None = None,
    deleted_at: Time | None = None,
    status: str = models.MessageStatus.SENT,
    delivered_at: Time | None = None,
    read_at: Time | None = None,
    event: dict[str, Any] | None = None,
) -> Message:
    """The one way to spell a message, for rows and for what was inserted just now: left out is what only comes later."""
    return Message(
        id=pk,
        channel=channel,
        seq=seq,
        rev=rev,
        client_msg_id=client_msg_id,
        sender=sender,
        kind=kind,
        body=body,
        reply_to=reply_to,
        reactions={},
        created_at=created_at,
        edited_at=edited_at,
        deleted_at=deleted_at,
        status=status,
        delivered_at=delivered_at,
        read_at=read_at,
        event=msgspec.UNSET if event is None else event,
    )


def message_of(row: models.Message) -> Message:
    """Needs `sender` selected along."""
    return spell_message(
        pk=row.pk,
        channel=row.channel_id,
        seq=row.seq,
        rev=row.rev,
        client_msg_id=row.client_msg_id,
        sender=person_of(row.sender),
        kind=row.kind,
        body=row.body,
        reply_to=row.reply_to_id,
        created_at=spell_time(row.created_at),
        edited_at=spell_time(row.edited_at),
        deleted_at=spell_time(row.deleted_at),
        status=row.status,
        delivered_at=spell_time(row.delivered_at),
        read_at=spell_time(row.read_at),
        event=row.event,
    )
