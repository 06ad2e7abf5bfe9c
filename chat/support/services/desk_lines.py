"""Lines about a conversation: the desk's log gets all facts of the queue, the customer a few neutral words."""

import datetime
from typing import Any

import msgspec

from chat import prepared_sql
from chat.models import Conversation, Message, User
from chat.services import log
from delivery.wire.types import spell_time

_FACTS = "SELECT queue_facts(%s)::text"


def write_desk_line(
    entry: log.Entry,
    conversation: Conversation,
    kind: str,
    *,
    by: User,
    sentence: str,
    since: datetime.datetime | None = None,
) -> Message:
    """Writes a line of the desk's log with all that a list of the queue shows, so that its followers need no other request.

    `since`: the beginning of the wait that has ended now.
    """
    [(facts,)] = prepared_sql.rows(_FACTS, [conversation.pk])
    event: dict[str, Any] = {"type": kind, "by": by.pk, **msgspec.json.decode(facts)}
    if since is not None:
        event["since"] = spell_time(since)
    return entry.note(by, event, sentence)
