"""A channel, as clients get it: the fields for everybody, and each member's own fields."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from chat import models
from chat.models.channel import GROUP
from chat.rights.table import rights_of
from chat.shapes.columns import ChannelColumns, MemberColumns
from chat.shapes.person import BOB, person_of
from chat.shapes.words import THEN, Absent, Id, Kind, LevelName, RightName, RoleName
from delivery.wire.frames import BareChannel, Person
from delivery.wire.types import Time, spell_time


class Last(msgspec.Struct, frozen=True, kw_only=True):
    """The newest line of a channel: the beginning of its text, in one line."""

    seq: int
    sender: Person
    text: str
    at: Time


LAST = Last(seq=341, sender=BOB, text="The build is green.", at=THEN)


class Channel(BareChannel, frozen=True, kw_only=True):
    """A channel. Fields from `role` on are only for its members, `people` only for direct channels."""

    name: str
    topic: str
    kind: Kind
    parent: int | None
    is_support: bool
    head: Annotated[int, msgspec.Meta(description="The number of its last change.")]
    member_count: int
    created_at: Time
    archived_at: Time | None
    kept_days: (
        Annotated[
            int, msgspec.Meta(description="After so many days messages are deleted; left out: they are kept for ever.")
        ]
        | Absent
    ) = msgspec.UNSET
    floor: (
        Annotated[
            int,
            msgspec.Meta(
                description="Messages up to this number may be deleted: pruned (`kept_days`) or erased. Nothing was lost."
            ),
        ]
        | Absent
    ) = msgspec.UNSET
    people: list[Person] | Absent = msgspec.UNSET
    is_group: (
        Annotated[
            bool,
            msgspec.Meta(description="For direct channels: opened for three or more people, so members can leave it."),
        ]
        | Absent
    ) = msgspec.UNSET
    is_named: (
        Annotated[
            bool,
            msgspec.Meta(description="For direct channels: `name` was chosen by its people, it is not their names."),
        ]
        | Absent
    ) = msgspec.UNSET
    role: RoleName | Absent = msgspec.UNSET
    can: Annotated[list[RightName], msgspec.Meta(description="The caller's rights.")] | Absent = msgspec.UNSET
    delivered_seq: int | Absent = msgspec.UNSET
    read_seq: int | Absent = msgspec.UNSET
    unread: int | Absent = msgspec.UNSET
    mentioned: Annotated[int, msgspec.Meta(description="How many unread messages mention the caller.")] | Absent = (
        msgspec.UNSET
    )
    notify_level: LevelName | Absent = msgspec.UNSET
    favourite: bool | Absent = msgspec.UNSET
    section: (
        Annotated[str, msgspec.Meta(description="The heading of the channel in the caller's own list.")] | Absent
    ) = msgspec.UNSET
    muted_until: Time | Absent | None = msgspec.UNSET
    can_by_role: (
        Annotated[
            dict[RoleName, list[RightName]],
            msgspec.Meta(description="In a push to all members: the rights of each role from now on."),
        ]
        | Absent
    ) = msgspec.UNSET
    last: Annotated[Last | None, msgspec.Meta(description="Over HTTP, to its members.")] | Absent = msgspec.UNSET
    is_member: Annotated[bool, msgspec.Meta(description="Over HTTP.")] | Absent = msgspec.UNSET


class ChannelBrief(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    name: str
    kind: Kind


CHANNEL = Channel(
    id=12,
    name="team",
    topic="What the team is at",
    kind="private",
    parent=None,
    is_support=False,
    head=341,
    member_count=2,
    created_at=THEN,
    archived_at=None,
    role="member",
    can=["post", "edit_own", "delete_own", "leave"],
    delivered_seq=341,
    read_seq=340,
    unread=1,
    mentioned=0,
    notify_level="all",
    favourite=False,
    section="",
    muted_until=None,
    last=LAST,
    is_member=True,
)
TEAM = ChannelBrief(id=12, name="team", kind="private")


def brief_of(row: models.Channel) -> ChannelBrief:
    return ChannelBrief(id=row.pk, name=row.name, kind=row.kind)


def channel_of(row: models.Channel | ChannelColumns, *, people: Sequence[models.User] = ()) -> Channel:
    """The fields for everybody. `people`: the other people in a direct channel; their names are its name."""
    return Channel(**_read_by_all(row, people))


def _read_by_all(row: models.Channel | ChannelColumns, people: Sequence[models.User]) -> dict[str, Any]:
    seen = {
        "id": row.pk,
        "name": row.name,
        "topic": row.topic,
        "kind": row.kind,
        "parent": row.parent_id,
        "is_support": row.is_support,
        "head": row.head,
        "member_count": row.member_count,
        "created_at": spell_time(row.created_at),
        "archived_at": spell_time(row.archived_at),
    }
    if (days := row.kept_days) is not None:
        seen["kept_days"] = days
    if row.floor:
        seen["floor"] = row.floor
    if row.kind == models.ChannelKind.DIRECT:
        seen |= {
            "name": row.name or _name_among(row, people),
            "people": [person_of(user) for user in people],
            "is_group": row.place == GROUP,
            "is_named": row.name != "",
        }
    return seen


def channel_to_member(
    member: models.Member | MemberColumns,
    *,
    unread: int,
    mentioned: int,
    people: Sequence[models.User],
    moderates: bool,
    last: Last | Absent | None = msgspec.UNSET,
) -> Channel:
    """A channel, as one of its members sees it. Needs `channel` and the mute selected along.

    `moderates`: whether the user moderates everywhere.
    """
    row = member.channel
    seen = _read_by_all(row, people)
    if row.is_support and row.created_by_id == member.user_id:
        # The staff see a conversation under its visitor's name, the visitor as the support.
        seen["name"] = "Support"
    return Channel(
        **seen,
        role=member.role,
        can=_rights(row, member.role, moderates=moderates),
        delivered_seq=member.delivered_seq,
        read_seq=member.read_seq,
        unread=unread,
        mentioned=mentioned,
        notify_level=member.notify_level,
        favourite=member.is_favourite,
        section=member.section,
        muted_until=spell_time(member.muted_until),
        last=last,
    )


def channel_to_all(row: models.Channel) -> Channel:
    """The channel for one push to all members, without each member's own fields."""
    can_by_role = {str(role): _rights(row, role, moderates=False) for role in models.Role}
    # `people` differs for each member.
    return msgspec.structs.replace(channel_of(row), people=msgspec.UNSET, can_by_role=can_by_role)


def _rights(row: models.Channel | ChannelColumns, role: str, *, moderates: bool) -> list[str]:
    is_archived = row.archived_at is not None
    return rights_of(role=role, moderates=moderates, place=row.place, is_archived=is_archived)


def _name_among(row: models.Channel | ChannelColumns, people: Sequence[models.User]) -> str:
    names = ", ".join(user.get_full_name() for user in people)
    # A group that others have left must not look like the conversation of two.
    return f"{names} (group)" if row.place == GROUP and len(people) == 1 else names
