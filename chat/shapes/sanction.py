"""Sanctions on users, in one channel or everywhere, as clients get them."""

from typing import Any

import msgspec

from chat import models
from chat.shapes.channel import TEAM, ChannelBrief, brief_of
from chat.shapes.person import ALICE, BOB, person_if_any, person_of
from chat.shapes.words import THEN, Id, RoleName
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time


class Sanction(msgspec.Struct, frozen=True, kw_only=True):
    """A sanction on a user in a channel; it outlives the membership."""

    channel: ChannelBrief
    user: Person
    by: Person | None
    reason: str


class Mute(Sanction, frozen=True, kw_only=True):
    """A mute. `role` is null if the user has left meanwhile: the mute still applies when they return."""

    role: RoleName | None
    muted_until: Time


class Removal(Sanction, frozen=True, kw_only=True):
    """A removal. The user can't join by themselves until `may_return_at` (null: until a moderator adds them)."""

    removed_at: Time
    may_return_at: Time | None


class Ban(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    user: Person | None
    reason: str
    banned_by: Person | None
    created_at: Time
    lifted_at: Time | None
    lifted_by: Person | None
    lifted_reason: str


MUTE = Mute(channel=TEAM, user=BOB, by=ALICE, reason="spam", role="member", muted_until=THEN)
REMOVAL = Removal(channel=TEAM, user=BOB, by=ALICE, reason="spam", removed_at=THEN, may_return_at=None)
BAN = Ban(
    id=4,
    user=BOB,
    reason="spam, again",
    banned_by=ALICE,
    created_at=THEN,
    lifted_at=None,
    lifted_by=None,
    lifted_reason="",
)


def mute_of(row: models.Sanction, *, role: str | None) -> Mute:
    """The mute. `role`: the user's present role in the channel."""
    # The constraint channel_sanctions_mute_ends ensures it.
    assert row.until is not None
    return Mute(**_imposed(row), role=role, muted_until=spell_time(row.until))


def removal_of(row: models.Sanction) -> Removal:
    return Removal(**_imposed(row), removed_at=spell_time(row.created_at), may_return_at=spell_time(row.until))


def ban_of(row: models.Ban) -> Ban:
    return Ban(
        id=row.pk,
        user=person_if_any(row.user),
        reason=row.reason,
        banned_by=person_if_any(row.banned_by),
        created_at=spell_time(row.created_at),
        lifted_at=spell_time(row.lifted_at),
        lifted_by=person_if_any(row.lifted_by),
        lifted_reason=row.lifted_reason,
    )


def _imposed(row: models.Sanction) -> dict[str, Any]:
    imposed = Sanction(
        channel=brief_of(row.channel), user=person_of(row.user), by=person_if_any(row.by), reason=row.reason
    )
    return msgspec.structs.asdict(imposed)
