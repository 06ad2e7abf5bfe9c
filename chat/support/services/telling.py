"""What the logs say of a conversation: to the desk the whole queue facts, to the customer a few neutral words."""

import datetime
from typing import Any

from chat.models import Conversation, Message, User
from chat.services import log
from delivery.wire.types import spell_time


def tell_desk(
    entry: log.Entry,
    conversation: Conversation,
    kind: str,
    *,
    by: User,
    sentence: str,
    since: datetime.datetime | None = None,
) -> Message:
    """One line of the desk's log, with all that a list of the queue shows: whoever follows it needs no other question.

    `since`: when the waiting or the holding that ended now had begun.
    """
    event: dict[str, Any] = {
        "type": kind,
        "conversation": conversation.pk,
        "episode": conversation.episode,
        "state": conversation.state,
        "assignee": conversation.assignee_id,
        "lease_until": spell_time(conversation.lease_until),
        "waiting_since": spell_time(conversation.waiting_since),
        "snoozed_until": spell_time(conversation.snoozed_until),
        "by": by.pk,
    }
    if since is not None:
        event["since"] = spell_time(since)
    return entry.note(by, event, sentence)
