"""Whom somebody has blocked, as they read it."""

import msgspec

from chat import models
from chat.shapes.person import BOB, person_of
from chat.shapes.words import THEN, Id
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the caller has blocked; its `id` is theirs."""

    id: Id
    user: Person
    created_at: Time


BLOCK = Block(id=2, user=BOB, created_at=THEN)


def block_of(row: models.Block) -> Block:
    """Needs `blocked` selected along. In one's own list each person stands once: their id is the block's."""
    return Block(id=row.blocked_id, user=person_of(row.blocked), created_at=spell_time(row.created_at))
