"""What became of many that were asked for at once."""

from collections.abc import Iterable

import msgspec

from chat.shapes.words import Id
from delivery.wire.errors import Refused


class NotDone(msgspec.Struct, frozen=True, kw_only=True):
    """One that was refused, and why."""

    id: Id
    code: str
    detail: str


class BulkOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Each by itself: what was done, and what was refused."""

    done: list[Id]
    refused: list[NotDone]


NOT_DONE = NotDone(id=502, code="not_found", detail="There is no such message.")
BULK_OUTCOME = BulkOutcome(done=[501], refused=[NOT_DONE])


def outcome_of(done: Iterable[int], refused: Iterable[tuple[int, Refused]]) -> BulkOutcome:
    spelled = [NotDone(id=pk, code=refusal.code, detail=refusal.detail) for pk, refusal in refused]
    return BulkOutcome(done=list(done), refused=spelled)
