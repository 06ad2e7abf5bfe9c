"""The rights in a channel, in one table: verbs ask it, every door shows it (`can`), docs print it, no other code repeats it.

Reading needs membership alone. This module knows roles, kinds and states, and reads no rows: chat/rights/standing.py does.
"""

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from chat.models import ChannelKind, Role
from chat.models.channel import GROUP, SUPPORT
from delivery.wire.errors import Archived, Forbidden, Muted, Refused


class Right(enum.StrEnum):
    """A right in a channel; its value is the word in `can`."""

    POST = "post"
    REACT = "react"
    PIN = "pin"
    EDIT_OWN = "edit_own"
    DELETE_OWN = "delete_own"
    DELETE_ANY = "delete_any"
    RENAME = "rename"
    ADD = "add"
    REMOVE = "remove"
    MUTE = "mute"
    PROMOTE = "promote"
    ARCHIVE = "archive"
    CLOSE_REPORTS = "close_reports"
    LEAVE = "leave"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Who has a right: members with these roles and, with `staff`, staff who moderate every channel, as members or not."""

    roles: frozenset[str]
    #: The sentence for a user without the right.
    refusal: str
    staff: bool = False
    #: In public channels plain members too.
    members_in_public: bool = False
    #: In direct conversations of three or more each member.
    members_in_group: bool = False
    #: Visitors, in their conversations with the support, with any role.
    visitors: bool = False
    in_direct: bool = True
    #: In direct conversations of three or more.
    in_group: bool = True
    #: In a conversation with the support, and in its notes. A desk's log allows nothing: only agents' acts write it.
    in_support: bool = True
    though_archived: bool = False
    though_muted: bool = True
    #: What the verb checks besides, for docs/permissions.md.
    condition: str = ""


EVERYONE = frozenset(Role.values)
KEEPERS = frozenset({Role.OWNER, Role.MODERATOR})
OWNERS = frozenset({Role.OWNER})

RULES: Mapping[Right, Rule] = MappingProxyType(
    {
        Right.POST: Rule(roles=EVERYONE, refusal="You may not write here.", visitors=True, though_muted=False),
        Right.REACT: Rule(roles=EVERYONE, refusal="You may not react here.", though_muted=False),
        Right.PIN: Rule(roles=EVERYONE, refusal="You may not pin here.", though_muted=False),
        Right.EDIT_OWN: Rule(
            roles=EVERYONE,
            refusal="Only the author can edit a message.",
            visitors=True,
            though_muted=False,
            condition="their own messages, for 24 hours, unless deleted; customers until the conversation is resolved",
        ),
        Right.DELETE_OWN: Rule(
            roles=EVERYONE,
            refusal="Only the author or a moderator can delete a message.",
            visitors=True,
            condition="their own messages; customers until the conversation is resolved",
        ),
        Right.DELETE_ANY: Rule(
            roles=KEEPERS,
            refusal="Only the author or a moderator can delete a message.",
            staff=True,
            though_archived=True,
        ),
        Right.RENAME: Rule(
            roles=KEEPERS,
            refusal="Only owners and moderators change a channel.",
            staff=True,
            members_in_group=True,
            in_direct=False,
            in_support=False,
            condition="name and topic",
        ),
        Right.ADD: Rule(
            roles=KEEPERS,
            refusal="Only owners and moderators add members here.",
            members_in_public=True,
            in_direct=False,
            in_group=False,
            in_support=False,
            condition="adding with a role needs `promote`",
        ),
        Right.REMOVE: Rule(
            roles=KEEPERS,
            refusal="Only owners and moderators remove members.",
            staff=True,
            in_direct=False,
            in_support=False,
            though_archived=True,
            condition="moderators can remove only plain members; nobody can remove themselves or the last owner",
        ),
        Right.MUTE: Rule(
            roles=KEEPERS,
            refusal="Only owners and moderators mute members.",
            staff=True,
            condition="moderators can mute only plain members; nobody can mute themselves",
        ),
        Right.PROMOTE: Rule(
            roles=OWNERS,
            refusal="Only owners give roles.",
            staff=True,
            in_direct=False,
            in_group=False,
            in_support=False,
            though_archived=True,
            condition="a channel keeps at least one owner",
        ),
        Right.ARCHIVE: Rule(
            roles=OWNERS,
            refusal="Only owners archive a channel.",
            staff=True,
            in_direct=False,
            in_group=False,
            in_support=False,
            though_archived=True,
            condition="repeating does nothing",
        ),
        Right.CLOSE_REPORTS: Rule(
            roles=KEEPERS, refusal="Only moderators close reports.", staff=True, though_archived=True
        ),
        Right.LEAVE: Rule(
            roles=EVERYONE,
            refusal="This channel can't be left.",
            in_direct=False,
            in_support=False,
            though_archived=True,
            condition="the last owner only when no other member is left",
        ),
    }
)


def refusal(
    right: Right,
    *,
    role: str | None,
    moderates: bool,
    place: str,
    is_archived: bool,
    is_muted: bool,
    is_visitor: bool = False,
) -> Refused | None:
    """The refusal, or None when the user has the right. `place`: the channel's kind, GROUP or SUPPORT."""
    rule = RULES[right]
    if is_visitor and not rule.visitors:
        return Forbidden(rule.refusal)
    is_member_in_public = rule.members_in_public and role == Role.MEMBER and place == ChannelKind.PUBLIC
    is_member_in_group = rule.members_in_group and role == Role.MEMBER and place == GROUP
    if not (role in rule.roles or is_member_in_public or is_member_in_group or (rule.staff and moderates)):
        return Forbidden(rule.refusal)
    if (place == ChannelKind.DIRECT and not rule.in_direct) or (place == GROUP and not rule.in_group):
        return Forbidden("That can't be done in a direct conversation.")
    if place == ChannelKind.DESK or (place == SUPPORT and not rule.in_support):
        return Forbidden("Only the support desk can do that: by claiming, releasing and resolving conversations.")
    if is_archived and not rule.though_archived:
        return Archived()
    return Muted() if is_muted and not rule.though_muted else None


def rights_of(*, role: str, moderates: bool, place: str, is_archived: bool, is_visitor: bool = False) -> list[str]:
    """The rights of a member, as in `can`. A mute does not change them: `muted_until` says it, because a mute ends by itself."""
    return list(_rights_of(role, moderates, place, is_archived, is_visitor))


@functools.cache
def _rights_of(role: str, moderates: bool, place: str, is_archived: bool, is_visitor: bool) -> tuple[str, ...]:
    there: Mapping[str, Any] = {"role": role, "moderates": moderates, "place": place, "is_archived": is_archived}
    return tuple(
        right.value for right in Right if refusal(right, **there, is_muted=False, is_visitor=is_visitor) is None
    )
