"""A membership, as clients get it."""

from collections.abc import Sequence

import msgspec

from chat import models
from chat.shapes.person import BOB, person_of
from chat.shapes.words import THEN, Absent, RightName, RoleName
from delivery.wire.frames import Person, PersonState
from delivery.wire.types import Time, spell_time


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A membership with its two cursors; `can`: what the caller may do to this member."""

    user: Person
    role: RoleName
    delivered_seq: int
    read_seq: int
    joined_at: Time
    can: list[RightName] | Absent = msgspec.UNSET
    muted_until: Time | Absent | None = msgspec.UNSET
    presence: PersonState | Absent = msgspec.UNSET


class Cursors(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's delivered and read cursors."""

    delivered_seq: int
    read_seq: int


MEMBER = Member(user=BOB, role="member", delivered_seq=341, read_seq=340, joined_at=THEN)
CURSORS = Cursors(delivered_seq=341, read_seq=341)


def member_of(row: models.Member) -> Member:
    """Needs `user` selected along."""
    return Member(
        user=person_of(row.user),
        role=row.role,
        delivered_seq=row.delivered_seq,
        read_seq=row.read_seq,
        joined_at=spell_time(row.created_at),
    )


def member_to_keeper(row: models.Member, *, can: Sequence[str], sees_mute: bool, presence: PersonState) -> Member:
    """The member with the caller's rights over them, and with the mute if the caller may mute them."""
    return msgspec.structs.replace(
        member_of(row),
        can=list(can),
        muted_until=spell_time(row.muted_until) if sees_mute else msgspec.UNSET,
        presence=presence,
    )


def cursors_of(row: models.Member) -> Cursors:
    return Cursors(delivered_seq=row.delivered_seq, read_seq=row.read_seq)
