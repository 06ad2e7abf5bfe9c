"""A canned answer, as clients get it."""

import msgspec

from chat.shapes.words import Id
from chat.support import models


class CannedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A canned answer. Clients replace `{{visitor}}` and `{{agent}}` in its body with the names."""

    id: Id
    inbox: Id
    code: str
    body: str


CANNED = CannedAnswer(id=5, inbox=3, code="hello", body="Hello {{visitor}}, this is {{agent}}. How can I help?")


def canned_of(row: models.CannedAnswer) -> CannedAnswer:
    return CannedAnswer(id=row.pk, inbox=row.inbox_id, code=row.code, body=row.body)
