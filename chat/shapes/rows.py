"""Rows as frames: how a message, a person and a channel are spelled for clients. The same bytes go to everyone."""

import datetime
from typing import Any

import msgspec

from chat.models import Channel, ChannelKind, Member, Message, MessageKind, User
from chat.models.channel import GROUP
from chat.rights.table import rights_of
from delivery.bus.announcements import Change
from delivery.wire import protocol
from delivery.wire.protocol import spell_time
from presence.everyone import Shown
from presence.people import Choice, Micros


def person(user: User) -> protocol.Person:
    return protocol.Person(id=user.pk, username=user.username, display_name=user.get_full_name())


def choice(user: User) -> Choice:
    return Choice(user.chosen_status, user.activity, user.presence_rev, user.shows_typing)


def own_presence(chosen: Choice) -> protocol.OwnPresence:
    return protocol.OwnPresence(status=chosen.status, activity=chosen.activity, shows_typing=chosen.shows_typing)


def person_state(shown: Shown) -> protocol.PersonState:
    return protocol.PersonState(shown.status, shown.activity, spell_micros(shown.last_seen))


def spell_micros(moment: Micros | None) -> str | None:
    """A moment of Redis' clock as a time of the contract."""
    return None if moment is None else spell_time(datetime.datetime.fromtimestamp(moment / 1e6, datetime.UTC))


def message(row: Message) -> protocol.Message:
    """Needs `sender` selected along."""
    return protocol.Message(
        id=row.pk,
        channel=row.channel_id,
        seq=row.seq,
        rev=row.rev,
        client_msg_id=row.client_msg_id,
        sender=person(row.sender),
        kind=row.kind,
        body=row.body,
        reply_to=row.reply_to_id,
        reactions={},
        created_at=spell_time(row.created_at) or "",
        edited_at=spell_time(row.edited_at),
        deleted_at=spell_time(row.deleted_at),
        status=row.status,
        delivered_at=spell_time(row.delivered_at),
        read_at=spell_time(row.read_at),
        event=row.event if row.event is not None else msgspec.UNSET,
    )


def message_dict(row: Message) -> dict[str, Any]:
    return msgspec.to_builtins(message(row))


#: Events by which a membership ends or begins; `event.user` says whose.
ENDS = {"member.left", "member.removed"}
BEGINS = {"member.joined"}


def change(row: Message) -> Change:
    """The row as one numbered change of its channel's stream."""
    event = row.event or {}
    kind = event.get("type")
    return Change(
        rev=row.rev,
        key=row.seq,
        raw=protocol.encode(message(row)),
        ends=event.get("user") if kind in ENDS else None,
        begins=event.get("user") if kind in BEGINS else None,
        said_by=row.sender_id if row.kind == MessageKind.TEXT and row.rev == row.seq else None,
    )


def membership(member: Member, *, unread: int, people: list[User], moderates: bool) -> dict[str, Any]:
    """A channel as one of its members sees it; needs `channel` selected along, and the mute.

    `people`: the others in a direct channel, whose names are its name. `moderates`: whether the user moderates everywhere.
    """
    channel = member.channel
    described = channel_dict(channel, people=people)
    if channel.is_support and channel.created_by_id == member.user_id:
        # To the staff a conversation is named after its visitor; to the visitor it is the support.
        described["name"] = "Support"
    return {
        **described,
        "role": member.role,
        "can": rights_of(
            role=member.role,
            moderates=moderates,
            place=channel.place,
            is_archived=channel.archived_at is not None,
        ),
        "delivered_seq": member.delivered_seq,
        "read_seq": member.read_seq,
        "unread": unread,
        "notify_level": member.notify_level,
        "muted_until": spell_time(member.muted_until),
    }


def channel_dict(channel: Channel, *, people: list[User]) -> dict[str, Any]:
    is_direct = channel.kind == ChannelKind.DIRECT
    described: dict[str, Any] = {
        "id": channel.pk,
        "name": _direct_name(channel, people) if is_direct else channel.name,
        "topic": channel.topic,
        "kind": channel.kind,
        "parent": channel.parent_id,
        "is_support": channel.is_support,
        "head": channel.head,
        "member_count": channel.member_count,
        "created_at": spell_time(channel.created_at),
        "archived_at": spell_time(channel.archived_at),
    }
    if is_direct:
        described["people"] = [msgspec.to_builtins(person(user)) for user in people]
        described["is_group"] = channel.place == GROUP
    return described


def _direct_name(channel: Channel, people: list[User]) -> str:
    names = ", ".join(user.get_full_name() for user in people)
    # Of a group that others have left: not to be taken for the conversation of two.
    return f"{names} (group)" if channel.place == GROUP and len(people) == 1 else names


def member_dict(member: Member) -> dict[str, Any]:
    """Needs `user` selected along."""
    return {
        "user": msgspec.to_builtins(person(member.user)),
        "role": member.role,
        "delivered_seq": member.delivered_seq,
        "read_seq": member.read_seq,
        "joined_at": spell_time(member.created_at),
    }
