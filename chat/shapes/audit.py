"""A line of the audit log, as clients get it."""

from typing import Any

import msgspec

from chat import models
from chat.shapes.channel import ChannelBrief, brief_of
from chat.shapes.person import ALICE, BOB, person_if_any
from chat.shapes.words import THEN, Absent, Id
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act of moderation; only staff get `address`."""

    id: Id
    created_at: Time
    act: str
    actor: Person | None
    whom: Person | None
    channel: ChannelBrief | None
    message: int | None
    reason: str
    details: Any
    door: str
    address: str | Absent | None = msgspec.UNSET


AUDIT_ENTRY = AuditEntry(
    id=9,
    created_at=THEN,
    act="user.banned",
    actor=ALICE,
    whom=BOB,
    channel=None,
    message=None,
    reason="spam, again",
    details={},
    door="api",
)


def audit_entry_of(row: models.AuditEntry, *, with_address: bool) -> AuditEntry:
    """The line. Only staff see addresses; moderators of channels do not."""
    return AuditEntry(
        id=row.pk,
        created_at=spell_time(row.created_at),
        act=row.act,
        actor=person_if_any(row.actor),
        whom=person_if_any(row.whom),
        channel=brief_of(row.channel) if row.channel else None,
        message=row.message_id,
        reason=row.reason,
        details=row.details,
        door=row.door,
        address=row.address if with_address else msgspec.UNSET,
    )
