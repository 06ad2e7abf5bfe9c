"""The jobs of the clockwork, in their order."""

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

#: Seconds between two runs: it counts in days, and reads every open conversation.
SILENT_SECONDS = 60.0
#: Seconds between two runs of jobs that may be a little late and cost more.
SLOW_SECONDS = 10.0
#: Seconds between two runs of jobs that nobody waits for.
RARE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Job:
    """A job, which looks for due work and does it. Its result is only for tests."""

    name: str
    do: Callable[[], object]
    every_seconds: float = 0.0


def jobs_of(node: ChatNode) -> Sequence[Sequence[Job]]:
    """Lists of jobs; each list runs apart, its jobs one by one, so that neither queue nor lateness waits for a mail server."""

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
