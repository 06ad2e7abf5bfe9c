"""What the clockwork does to many conversations: each in a transaction of its own, under its lock, once whatever dies over it."""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress

from django.db import transaction

from chat.models import Channel
from chat.support.services.handling import Handling, handling
from delivery.away import is_away
from delivery.wire.errors import NotFound

logger = logging.getLogger("gapless.clockwork")

#: Conversations in one run.
AT_ONCE = 100


def do_each(conversations: Iterable[int], act: Callable[[Handling], bool], *, is_queue: bool = False) -> int:
    """To how many it was done: `act` looks again under the lock whether it is still to be done.

    What somebody else has locked is left to them until the next turn, and in a queue what is behind it too; what fails keeps no
    other from being done.
    """
    done = 0
    for conversation in conversations:
        try:
            was_done = _do(conversation, act)
            if was_done is None and is_queue:
                break
            done += bool(was_done)
        except Exception as error:
            if is_away(error):
                raise
            logger.exception("the clockwork could not go on with conversation %d", conversation)
    return done


def _do(conversation: int, act: Callable[[Handling], bool]) -> bool | None:
    """Whether it was done; None where somebody else has it locked, or it is no more."""
    with transaction.atomic(), suppress(NotFound):
        free = Channel.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=conversation)
        if free.first() is not None:
            with handling(conversation) as handled:
                return act(handled)
    return None
