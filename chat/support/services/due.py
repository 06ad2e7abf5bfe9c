"""The clockwork's acts on many conversations: each in a transaction of its own, under its lock, once even if processes die."""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress

from django.db import transaction

from chat.models import Channel
from chat.support.services.handling import Handling, handling
from delivery.service_errors import is_database_away
from delivery.wire.errors import NotFound

logger = logging.getLogger("gapless.clockwork")

#: The most conversations of one run.
AT_ONCE = 100


def do_each(conversations: Iterable[int], act: Callable[[Handling], bool], *, is_queue: bool = False) -> int:
    """Does `act` to each conversation; returns to how many. `act` checks again under the lock whether it is still needed.

    A conversation that another transaction has locked waits for the next turn, and so do those behind it in a queue. A failure
    does not stop the others.
    """
    done = 0
    for conversation in conversations:
        try:
            was_done = _do(conversation, act)
            if was_done is None and is_queue:
                break
            done += bool(was_done)
        except Exception as error:
            if is_database_away(error):
                raise
            logger.exception("the clockwork could not go on with conversation %d", conversation)
    return done


def _do(conversation: int, act: Callable[[Handling], bool]) -> bool | None:
    """Whether it was done; None if another transaction has locked the conversation, or it is gone."""
    with transaction.atomic(), suppress(NotFound):
        free = Channel.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=conversation)
        if free.first() is not None:
            with handling(conversation) as handled:
                return act(handled)
    return None
