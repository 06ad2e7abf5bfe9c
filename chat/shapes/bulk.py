"""The outcome of a bulk act."""

from collections.abc import Iterable

import msgspec

from chat.shapes.words import Id
from delivery.wire.errors import Refused


class NotDone(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was refused, and the reason."""

    id: Id
    code: str
    detail: str


class BulkOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of each row: done or refused."""

    done: list[Id]
    refused: list[NotDone]


NOT_DONE = NotDone(id=502, code="not_found", detail="There is no such message.")
BULK_OUTCOME = BulkOutcome(done=[501], refused=[NOT_DONE])


def outcome_of(done: Iterable[int], refused: Iterable[tuple[int, Refused]]) -> BulkOutcome:
    spelled = [NotDone(id=pk, code=refusal.code, detail=refusal.detail) for pk, refusal in refused]
    return BulkOutcome(done=list(done), refused=spelled)
