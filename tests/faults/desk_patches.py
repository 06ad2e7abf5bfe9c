"""The patches that break the support desk; applied in a web process, after Django is set up."""

import time
from collections.abc import Sequence
from typing import Any

#: From the look whether somebody has answered until the answer is posted.
BETWEEN_SECONDS = 0.3


def guard_without_the_lock() -> None:
    """Whether somebody else has answered is asked before the conversation is locked (and under the lock no more)."""
    from chat.live import source  # noqa: PLC0415
    from chat.models import Conversation  # noqa: PLC0415
    from chat.services import post_drafts  # noqa: PLC0415
    from delivery.wire.errors import Overtaken  # noqa: PLC0415

    post = source.post_messages
    post_drafts._POST = post_drafts._POST.replace("post_drafts", "post_drafts_unguarded")

    def is_overtaken(draft: Any) -> bool:
        answered = Conversation.objects.filter(pk=draft.channel, answered_seq__gt=draft.seen_seq or 0)
        return answered.exclude(answered_by=draft.sender).exclude(visitor=draft.sender).exists()

    def post_messages(drafts: Sequence[Any]) -> list[Any]:
        late = [is_overtaken(draft) for draft in drafts]
        time.sleep(BETWEEN_SECONDS)
        fresh = [draft for draft, is_late in zip(drafts, late, strict=True) if not is_late]
        posted = iter(post(fresh) if fresh else [])
        return [Overtaken([]) if is_late else next(posted) for is_late in late]

    source.post_messages = post_messages


def lease_by_socket() -> None:
    """Who has a socket holds on to what they hold, whether they work or not."""
    from chat.support.services import lapsing  # noqa: PLC0415
    from delivery import node  # noqa: PLC0415

    lapse = lapsing._lapse

    def lapse_without_a_socket(handled: Any) -> None:
        running = node.running()
        if running is None or handled.row.assignee_id not in running.hub.users:
            lapse(handled)

    lapsing._lapse = lapse_without_a_socket


def note_on_the_customers_stream() -> None:
    """A note is a message of the conversation, like any other."""
    from chat.support import services  # noqa: PLC0415

    services.note = services.answer
