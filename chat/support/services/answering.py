"""Answers by agents who are not in the conversation yet: they enter with their answer, or not at all."""

import uuid
from dataclasses import replace

from django.db import transaction

from chat.allowances.counting import count
from chat.allowances.table import MESSAGES
from chat.models import User
from chat.services.drafts import Draft, check_draft
from chat.services.posting import post_messages
from chat.services.repeats import posted_before
from chat.support.services.entering import enter
from chat.support.services.standing import is_in_it
from delivery.source import Committed
from delivery.wire.errors import Refused


@transaction.atomic
def answer(
    actor: User,
    *,
    conversation: int,
    client_msg_id: uuid.UUID,
    body: str,
    seen_seq: int | None = None,
    files: tuple[int, ...] = (),
) -> Committed:
    """Enters and answers in one transaction: a refused answer adds nobody. Raises the refusals of a message, and NotFound.

    A repeat returns the first message, and does nothing more: an agent who has left meanwhile does not enter again.
    """
    draft = Draft(channel=conversation, sender=actor.pk, client_msg_id=client_msg_id, body=body, files=files)
    check_draft(draft)
    count(MESSAGES, actor, key=str(client_msg_id))
    first = posted_before(draft, reads=is_in_it(actor, conversation))
    if first is not None:
        return first
    was_in_it = enter(actor, conversation=conversation)
    # An agent who enters only now has seen nothing of the conversation.
    seen = 0 if seen_seq is None and not was_in_it else seen_seq
    [outcome] = post_messages([replace(draft, seen_seq=seen)])
    if isinstance(outcome, Refused):
        raise outcome
    return outcome
