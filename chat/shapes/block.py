"""A blocked user, as the blocker reads it."""

import msgspec

from chat import models
from chat.shapes.person import BOB, person_of
from chat.shapes.words import THEN, Id
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A user whom the caller has blocked; `id` is the blocked user's id."""

    id: Id
    user: Person
    created_at: Time


BLOCK = Block(id=2, user=BOB, created_at=THEN)


def block_of(row: models.Block) -> Block:
    """Needs `blocked` selected along. A list has each blocked user once, so the user's id is the block's id."""
    return Block(id=row.blocked_id, user=person_of(row.blocked), created_at=spell_time(row.created_at))
