"""The sweep of one web process: every few seconds it deletes files that no message has any more. All processes may run one."""

import asyncio
import logging
import random

from chat.files.services import is_anything_left_over, sweep
from chat.live.node import ChatNode
from delivery.service_errors import service_away
from delivery.tasks import beat

logger = logging.getLogger("gapless.files")

#: Seconds between two looks; after failures a random time up to the second value.
LOOK_SECONDS, AWAY_PAUSE_SECONDS = 2.0, 30.0


async def _live(node: ChatNode) -> None:
    failures = 0
    while not node.is_draining:
        await (beat(LOOK_SECONDS) if not failures else asyncio.sleep(_away_pause(failures)))
        try:
            if await node.reads.read(is_anything_left_over):
                await node.threads.run(sweep)
            failures = 0
        except Exception as error:
            failures += 1
            logger.warning("the deletion of left-over files waits: %r", error, extra={"away": service_away(error)})


def _away_pause(failures: int) -> float:
    return min(random.uniform(1, 1.5) * LOOK_SECONDS * 2.0 ** min(failures, 5), AWAY_PAUSE_SECONDS)


_swept: ChatNode | None = None


def start_sweeping(node: ChatNode) -> None:
    """Starts the sweep of this process, which ends with the nursery of its node. Repeating does nothing."""
    global _swept
    if _swept is not node:
        _swept = node
        node.nursery.keep(_live, node)
