"""Notes in the database every minute that this machine serves, with its key's fingerprint and release, for the doctor."""

import asyncio
import logging
import socket

from django.conf import settings

from chat.live.node import ChatNode
from chat.services.machines import note_machine
from chatproject.version import VERSION
from delivery.service_errors import service_away

logger = logging.getLogger("gapless.machines")

#: Seconds between two notes.
SECONDS = 60


def machine_name() -> str:
    """The name of this machine, the same for all web processes of one `serve`."""
    return f"{socket.gethostname()[:60]}:{settings.PORT}"


def note_this_machine() -> None:
    note_machine(machine_name(), keys=[settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS], version=VERSION)


async def _live(node: ChatNode) -> None:
    while True:
        try:
            await node.threads.run(note_this_machine)
        except Exception as error:
            logger.warning("that this machine serves is not noted: %r", error, extra={"away": service_away(error)})
        await asyncio.sleep(SECONDS)


_called: ChatNode | None = None


def start_noting(node: ChatNode) -> None:
    """Starts the notes of this process, which end with its node. Repeating does nothing."""
    global _called
    if _called is not node:
        _called = node
        node.nursery.keep(_live, node)
