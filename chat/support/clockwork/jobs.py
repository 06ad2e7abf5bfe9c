"""What the clockwork does, in the order in which it does it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chat.live.node import ChatNode
from chat.support.clockwork.lateness import note_lateness
from chat.support.services.agent_mails import warn_of_dues
from chat.support.services.erasing import erase_expired
from chat.support.services.lapsing import lapse_leases, resolve_silent, wake_snoozed
from chat.support.services.mailing import write_answer_mails
from chat.support.services.routing import give_back, route
from chat.support.services.sending import send_mails
from chat.support.services.tallying import count_desks
from presence.people import OFFLINE, UNKNOWN

#: Days are what it counts, and it looks at every open conversation.
SILENT_SECONDS = 60.0
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
    """What is done one after the other, apart: nobody in the queue waits for a mail server, and how late it is shows meanwhile."""

    def is_here(user_id: int) -> bool:
        return node.presence.state_of(user_id).status not in (OFFLINE, UNKNOWN)

    queue = (
        Job("leases", lapse_leases),
        Job("snoozes", wake_snoozed),
        Job("reopened", lambda: give_back(is_here)),
        Job("routing", lambda: route(is_here)),
        Job("silent", resolve_silent, SILENT_SECONDS),
        Job("count", count_desks),
    )
    mails = (
        Job("warnings", warn_of_dues, SLOW_SECONDS),
        Job("answers", write_answer_mails, SLOW_SECONDS),
        Job("mails", send_mails),
        Job("erasing", erase_expired, RARE_SECONDS),
    )
    watch = (Job("lateness", note_lateness),)
    return queue, mails, watch
