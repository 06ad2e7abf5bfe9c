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


def do_each(conversations: Iterable[int], act: Callable[[Handling], bool]) -> int:
    """To how many it was done: `act` looks again under the lock whether it is still to be done.

    What somebody else has locked is left to them until the next turn; what fails keeps no other from being done.
    """
    done = 0
    for conversation in conversations:
        try:
            done += _do(conversation, act)
        except Exception as error:
            if is_away(error):
                raise
            logger.exception("the clockwork could not go on with conversation %d", conversation)
    return done


def _do(conversation: int, act: Callable[[Handling], bool]) -> bool:
    with transaction.atomic(), suppress(NotFound):
        free = Channel.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=conversation)
        if free.first() is not None:
            with handling(conversation) as handled:
                return act(handled)
    return False
