"""The columns for a channel's description and for a message, read without the ORM: its objects would be the largest cost."""

import datetime
import uuid
from typing import Any

import msgspec

from chat.models.channel import kept_days_of, place_of
from chat.models.user import full_name_of


class ChannelColumns(msgspec.Struct, frozen=True):
    pk: int
    name: str
    topic: str
    kind: str
    parent_id: int | None
    is_support: bool
    direct_key: str | None
    member_count: int
    head: int
    created_by_id: int | None
    created_at: datetime.datetime
    archived_at: datetime.datetime | None
    keeps_days: int | None
    floor: int

    @property
    def kept_days(self) -> int | None:
        return kept_days_of(self.keeps_days)

    @property
    def place(self) -> str:
        return place_of(self.kind, self.direct_key, is_support=self.is_support)


class MemberColumns(msgspec.Struct, frozen=True):
    channel: ChannelColumns
    user_id: int
    role: str
    delivered_seq: int
    read_seq: int
    notify_level: str
    is_favourite: bool
    section: str
    muted_until: datetime.datetime | None


class SenderColumns(msgspec.Struct, frozen=True):
    pk: int
    username: str
    display_name: str

    def get_full_name(self) -> str:
        return full_name_of(self.username, self.display_name)


class MessageColumns(msgspec.Struct, frozen=True):
    pk: int
    channel_id: int
    seq: int
    rev: int
    client_msg_id: uuid.UUID
    sender_id: int
    said_as: str
    kind: str
    body: str
    reply_to_id: int | None
    created_at: datetime.datetime
    edited_at: datetime.datetime | None
    deleted_at: datetime.datetime | None
    status: str
    delivered_at: datetime.datetime | None
    read_at: datetime.datetime | None
    thread_id: int | None
    also_in_channel: bool
    reply_count: int
    last_reply_seq: int | None
    last_reply_at: datetime.datetime | None
    pinned_at: datetime.datetime | None
    mentions: Any
    repliers: Any
    reactions: Any
    files: Any
    event: Any
    sender: SenderColumns
