"""Builds that are broken on purpose, to see that the instrument notices: `GAPLESS_BROKEN=… python -m tests.faults.broken serve`.

Switches of the harness only: the product is started as manage.py does, after one of its functions was replaced.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

#: Between the premature `ok` and the COMMIT.
PREMATURE_SECONDS = 0.4


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """`patch` runs in the web process; `before` and `after` are statements that let the database take part and then heal it."""

    patch: Callable[[], None]
    before: Sequence[str] = ()
    after: Sequence[str] = ()


def acknowledge_before_commit() -> None:
    """The sender hears `ok` when the rows are written, a moment before they are committed."""
    from chat.services import posting  # noqa: PLC0415
    from delivery import queue  # noqa: PLC0415

    waiting: dict[Any, tuple[Any, Any]] = {}
    submit, post = queue.Queue.submit, posting._Batch.post

    def remembering_submit(self: Any, draft: Any) -> Any:
        outcome = submit(self, draft)
        waiting[draft.key] = (asyncio.get_running_loop(), outcome)
        return outcome

    def premature_post(self: Any) -> Any:
        outcomes = post(self)
        for draft, committed in zip(self.drafts, outcomes, strict=True):
            loop, outcome = waiting.pop(draft.key, (None, None))
            if loop is not None:
                loop.call_soon_threadsafe(queue._settle, [(draft, outcome)], [committed])
        time.sleep(PREMATURE_SECONDS)
        return outcomes

    queue.Queue.submit = remembering_submit  # type: ignore[method-assign]
    posting._Batch.post = premature_post  # type: ignore[method-assign]


def commit_without_waiting() -> None:
    """PostgreSQL says COMMIT before the log is on the disk."""
    from django.conf import settings  # noqa: PLC0415

    options = settings.DATABASES["default"]["OPTIONS"]
    options["options"] = options["options"].replace("synchronous_commit=on", "synchronous_commit=off")


def no_gap_check() -> None:
    """The hub takes every announcement as the next one."""
    from delivery.streams import Stream  # noqa: PLC0415

    def fitting(self: Any, changed: Any) -> Any:
        return [change for change in changed.changes if change.rev > self.position]

    Stream.fitting = fitting  # type: ignore[method-assign]


def no_position_check() -> None:
    """Nobody looks whether something was announced but not heard."""
    from delivery.node import Node  # noqa: PLC0415

    async def check_positions(self: Any) -> None:
        return

    Node.check_positions = check_positions  # type: ignore[method-assign]


def no_member_check() -> None:
    """Whoever followed a channel goes on following it."""
    from delivery.hub import Hub  # noqa: PLC0415

    Hub.end_access = lambda self, socket, stream_id: None  # type: ignore[method-assign]


def no_login_check() -> None:
    """A socket that was let in stays in."""
    from delivery.node import Node  # noqa: PLC0415

    async def check(self: Any, sockets: Any) -> None:
        return

    Node._check = check  # type: ignore[method-assign]


def no_dedup() -> None:
    """A repeated client_msg_id is posted again (the database's own constraint is taken away too)."""
    from chat.services import posting  # noqa: PLC0415

    read = posting._Batch._read

    def forgetful_read(self: Any) -> None:
        read(self)
        self.earlier = {}

    posting._Batch._read = forgetful_read  # type: ignore[method-assign]


def no_lane_order() -> None:
    """What waits in a lane is committed newest first."""
    from delivery.queue import Queue  # noqa: PLC0415

    outcomes = Queue._outcomes

    async def backwards(self: Any, drafts: Any) -> Any:
        return (await outcomes(self, drafts[::-1]))[::-1]

    Queue._outcomes = backwards  # type: ignore[method-assign]


BREAKAGES: dict[str, Breakage] = {
    "acknowledge before commit": Breakage(patch=acknowledge_before_commit),
    "commit without waiting": Breakage(patch=commit_without_waiting),
    "no gap check": Breakage(patch=no_gap_check),
    "no position check": Breakage(patch=no_position_check),
    "no member check": Breakage(patch=no_member_check),
    "no login check": Breakage(patch=no_login_check),
    "no lane order": Breakage(patch=no_lane_order),
    "no dedup": Breakage(
        patch=no_dedup,
        before=["ALTER TABLE messages DROP CONSTRAINT messages_once"],
        after=[
            "UPDATE messages SET client_msg_id = gen_random_uuid() WHERE id IN (SELECT a.id FROM messages a"
            " JOIN messages b USING (sender_id, client_msg_id) WHERE a.id > b.id)",
            "ALTER TABLE messages ADD CONSTRAINT messages_once UNIQUE (sender_id, client_msg_id)",
        ],
    ),
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    import django  # noqa: PLC0415

    django.setup()
    for breakage in os.environ["GAPLESS_BROKEN"].split(","):
        BREAKAGES[breakage].patch()
    from chatproject.start import prepare  # noqa: PLC0415

    sys.argv[0] = "manage.py"
    prepare(sys.argv)


if __name__ == "__main__":
    main()
