"""Rows as dicts: how a channel and a membership are spelled for clients."""

from typing import Any

import msgspec

from chat.models import Channel, ChannelKind, Member, User
from chat.models.channel import GROUP
from chat.rights.table import rights_of
from chat.shapes import person_of
from delivery.wire.protocol import spell_time


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
        described["people"] = [msgspec.to_builtins(person_of(user)) for user in people]
        described["is_group"] = channel.place == GROUP
    return described


def _direct_name(channel: Channel, people: list[User]) -> str:
    names = ", ".join(user.get_full_name() for user in people)
    # Of a group that others have left: not to be taken for the conversation of two.
    return f"{names} (group)" if channel.place == GROUP and len(people) == 1 else names


def member_dict(member: Member) -> dict[str, Any]:
    """Needs `user` selected along."""
    return {
        "user": msgspec.to_builtins(person_of(member.user)),
        "role": member.role,
        "delivered_seq": member.delivered_seq,
        "read_seq": member.read_seq,
        "joined_at": spell_time(member.created_at),
    }
