"""What the clockwork does, in the order in which it does it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chat.live.node import ChatNode
from chat.support.clockwork.lateness import note_lateness
from chat.support.services.agent_mails import warn_of_dues
from chat.support.services.erasing import erase_expired
from chat.support.services.mailing import write_answer_mails
from chat.support.services.sending import send_mails
from chat.support.services.tallying import count_desks

#: How often it is looked how late the clockwork is.
LATENESS_SECONDS = 5.0
#: What may be a little late, and costs more to look for.
SLOW_SECONDS = 10.0
#: What nobody waits for.
RARE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Job:
    """Looks for what is due and does it; what it returns is for its tests."""

    name: str
    do: Callable[[], object]
    every_seconds: float = 0.0


def jobs_of(node: ChatNode) -> Sequence[Sequence[Job]]:
    """What is done one after the other, apart: nobody in the queue waits for a mail server."""
    queue = (Job("count", count_desks), Job("lateness", note_lateness, LATENESS_SECONDS))
    mails = (
        Job("warnings", warn_of_dues, SLOW_SECONDS),
        Job("answers", write_answer_mails, SLOW_SECONDS),
        Job("mails", send_mails),
        Job("erasing", erase_expired, RARE_SECONDS),
    )
    return queue, mails
