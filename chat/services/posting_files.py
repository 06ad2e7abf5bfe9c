"""Files of messages that other verbs than posting write, such as a conversation's first: by posting's rules (filing.sql)."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from django.db import IntegrityError, connection

from chat.models import File, Message, User
from chat.services import log
from chat.services.constraints import violates
from chat.services.drafts import Draft
from delivery.wire.errors import Conflict, Invalid, NotFound, Refused

_TAKEN = "Another message has this file already: a file belongs to one message."
#: The refusals by the reason why a draft can't have its files.
REFUSALS: Mapping[str, Callable[[], Refused]] = MappingProxyType(
    {
        "missing": lambda: NotFound("There is no such file of yours."),
        "unfinished": lambda: Invalid("A file has not arrived whole yet: send the message when it has."),
        "taken": lambda: Conflict(_TAKEN),
    }
)


def post_with_files(entry: log.Entry, sender: User, draft: Draft) -> Message:
    """Posts the draft with its files; returns the message. Raises NotFound, Invalid or Conflict for a file that it can't have.

    Raises Conflict if the sender posts the same client_msg_id to another channel at this moment.
    """
    given = _given(draft)
    try:
        row = entry.write(
            sender, client_msg_id=draft.client_msg_id, body=draft.body, digest=draft.digest, files=given or None
        )
    except IntegrityError as error:
        if violates(error, "messages_once"):
            raise Conflict from None
        raise
    File.objects.filter(pk__in=[file["id"] for file in given]).update(message=row, taken_at=row.created_at)
    return row


def _given(draft: Draft) -> list[dict[str, Any]]:
    """The files in the shape that messages have, locked."""
    if not draft.files:
        return []
    drafts = json.dumps([{"sender": draft.sender, "files": draft.files}])
    _ask("SELECT lock_files(%s::jsonb)", drafts)
    [fact] = _ask("SELECT with_files('[{}]', %s::jsonb)", drafts)
    if against := fact.get("files"):
        raise REFUSALS[against]()
    given: list[dict[str, Any]] = _ask("SELECT spelled_files(%s::jsonb)", json.dumps(draft.files))
    return given


def _ask(sql: str, given: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, [given])
        [(said,)] = cursor.fetchall()
    return json.loads(said) if said else None
