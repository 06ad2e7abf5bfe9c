"""The broom of one web process: every few seconds it takes away files that nobody has any more. All processes may do so at once."""

import asyncio
import logging
import random

from chat.files.services import sweep
from chat.live.node import ChatNode
from delivery.away import who_is_away

logger = logging.getLogger("gapless.files")

#: Between two looks, by chance; after failures up to so much.
LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS, AWAY_PAUSE_SECONDS = 1.0, 2.5, 30.0


async def _live(node: ChatNode) -> None:
    failures = 0
    while not node.is_draining:
        pause = random.uniform(LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS) * 2.0 ** min(failures, 5)
        await asyncio.sleep(min(pause, AWAY_PAUSE_SECONDS))
        try:
            await node.threads.run(sweep)
            failures = 0
        except Exception as error:
            failures += 1
            logger.warning("the broom waits: %r", error, extra={"away": who_is_away(error)})


_swept: ChatNode | None = None


def sweep_beside(node: ChatNode) -> None:
    """Starts the broom of this process; it ends with the nursery of its node. Repeating does nothing."""
    global _swept
    if _swept is not node:
        _swept = node
        node.nursery.start(_live(node))
