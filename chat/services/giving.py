"""Files of a message that a verb writes whom it lets in with it: by the rules by which posting takes them (filing.sql)."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from django.db import connection

from chat.models import File, Message
from chat.services.drafts import Draft
from delivery.wire.errors import Conflict, Invalid, NotFound, Refused

_TAKEN = "Another message has this file already: a file belongs to one."
#: By what stands against the files of a draft.
REFUSALS: Mapping[str, Callable[[], Refused]] = MappingProxyType(
    {
        "missing": lambda: NotFound("There is no such file of yours."),
        "unfinished": lambda: Invalid("A file has not arrived whole yet: send the message when it has."),
        "taken": lambda: Conflict(_TAKEN),
    }
)


def give_files(draft: Draft) -> list[dict[str, Any]]:
    """The files of a draft as its message has them, locked. Raises NotFound, Invalid, Conflict."""
    if not draft.files:
        return []
    drafts = json.dumps([{"sender": draft.sender, "files": draft.files}])
    _ask("SELECT lock_files(%s::jsonb)", drafts)
    [fact] = _ask("SELECT with_files('[{}]', %s::jsonb)", drafts)
    if against := fact.get("files"):
        raise REFUSALS[against]()
    given: list[dict[str, Any]] = _ask("SELECT spelled_files(%s::jsonb)", json.dumps(draft.files))
    return given


def take_files(row: Message) -> None:
    """They are that message's from now on."""
    given = [file["id"] for file in row.files or []]
    File.objects.filter(pk__in=given).update(message=row, taken_at=row.created_at)


def _ask(sql: str, given: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, [given])
        [(said,)] = cursor.fetchall()
    return json.loads(said) if said else None
