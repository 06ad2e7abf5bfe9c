"""An answer that is kept ready, as it is sent."""

import msgspec

from chat.shapes.words import Id
from chat.support import models


class CannedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`{{visitor}}` and `{{agent}}` in its body stand for their names."""

    id: Id
    inbox: Id
    code: str
    body: str


CANNED = CannedAnswer(id=5, inbox=3, code="hello", body="Hello {{visitor}}, this is {{agent}}. How can I help?")


def canned_of(row: models.CannedAnswer) -> CannedAnswer:
    return CannedAnswer(id=row.pk, inbox=row.inbox_id, code=row.code, body=row.body)
