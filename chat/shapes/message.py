"""A message, as clients get it. All get the same bytes: no field depends on the reader."""

import uuid
from typing import Annotated, Any

import msgspec

from chat import models
from chat.shapes.columns import MessageColumns
from chat.shapes.person import BOB, sender_of
from chat.shapes.words import THEN
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time


class Mentions(msgspec.Struct, frozen=True):
    """Whom a message names: users, or everybody in the channel."""

    users: list[int] = []
    everyone: bool = False


NOBODY = Mentions()


class Replies(msgspec.Struct, frozen=True):
    """For a thread's root: the number of replies, and the place of the newest."""

    count: int
    last_seq: int


REPLIES = Replies(count=3, last_seq=347)


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file of a message: `size` in bytes, `type` from its content; width and height in pixels, for images only."""

    id: int
    name: str
    size: int
    type: str
    url: str
    width: int | None = None
    height: int | None = None
    preview: str | None = None


FILE = File(id=77, name="plan.png", size=48_211, type="image/png", url="/files/77/", width=1_280, height=720)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message, the same for all readers. `seq` is its place for ever, `rev` the number of its last change.

    In a conversation with the support a `sender` of the staff has a public name, and the username `support-staff`.
    """

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
    mentions: Mentions
    thread: int | None
    files: list[File]
    pinned_at: Time | None
    also_in_channel: (
        Annotated[bool, msgspec.Meta(description="For a reply in a thread: the channel shows it too.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    replies: Replies | msgspec.UnsetType = msgspec.UNSET
    replied_at: (
        Annotated[Time, msgspec.Meta(description="For a root: the time of the newest reply.")] | msgspec.UnsetType
    ) = msgspec.UNSET
    repliers: (
        Annotated[
            list[int], msgspec.Meta(description="For a root: the last users who wrote in its thread, at most three.")
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
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
    mentions=NOBODY,
    thread=None,
    files=[],
    pinned_at=None,
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
    mentions: Mentions = NOBODY,
    thread: int | None = None,
    also_in_channel: bool = False,
    replies: Replies | None = None,
    replied_at: Time | None = None,
    repliers: list[int] | None = None,
    reactions: dict[str, list[int]] | None = None,
    files: list[File] | None = None,
    pinned_at: Time | None = None,
    event: dict[str, Any] | None = None,
) -> Message:
    """The only function that encodes a message, for rows and for messages just inserted, which lack fields that come later."""
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
        reactions=reactions or {},
        created_at=created_at,
        edited_at=edited_at,
        deleted_at=deleted_at,
        status=status,
        delivered_at=delivered_at,
        read_at=read_at,
        mentions=mentions,
        thread=thread,
        files=files or [],
        pinned_at=pinned_at,
        also_in_channel=also_in_channel or msgspec.UNSET,
        replies=msgspec.UNSET if replies is None else replies,
        replied_at=msgspec.UNSET if replied_at is None else replied_at,
        repliers=msgspec.UNSET if repliers is None else repliers,
        event=msgspec.UNSET if event is None else event,
    )


def message_of(row: models.Message | MessageColumns) -> Message:
    """Needs `sender` selected along."""
    return spell_message(
        pk=row.pk,
        channel=row.channel_id,
        seq=row.seq,
        rev=row.rev,
        client_msg_id=row.client_msg_id,
        sender=sender_of(row),
        kind=row.kind,
        body=row.body,
        reply_to=row.reply_to_id,
        created_at=spell_time(row.created_at),
        edited_at=spell_time(row.edited_at),
        deleted_at=spell_time(row.deleted_at),
        status=row.status,
        delivered_at=spell_time(row.delivered_at),
        read_at=spell_time(row.read_at),
        mentions=NOBODY if row.mentions is None else msgspec.convert(row.mentions, Mentions),
        thread=row.thread_id,
        also_in_channel=row.also_in_channel,
        replies=None if row.last_reply_seq is None else Replies(row.reply_count, row.last_reply_seq),
        replied_at=spell_time(row.last_reply_at),
        repliers=row.repliers,
        reactions=None if row.reactions is None else dict(row.reactions),
        files=None if row.files is None else msgspec.convert(row.files, list[File]),
        pinned_at=spell_time(row.pinned_at),
        event=row.event,
    )


def message_as_said(row: models.Message, body: str) -> Message:
    """The message as its author first said it, for an author who may not read its channel: nothing tells of what came later.

    So it is without its files and mentions too, which are gone once it is deleted. Needs `sender` selected along.
    """
    return spell_message(
        pk=row.pk,
        channel=row.channel_id,
        seq=row.seq,
        rev=row.seq,
        client_msg_id=row.client_msg_id,
        sender=sender_of(row),
        kind=row.kind,
        body=body,
        reply_to=row.reply_to_id,
        created_at=spell_time(row.created_at),
        thread=row.thread_id,
        also_in_channel=row.also_in_channel,
    )
