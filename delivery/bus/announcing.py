"""Announces commits to other processes, and to the sockets of this one. It does not know who listens."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import thread

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from delivery.bus.announcements import Announcement, event_of, group_of

logger = logging.getLogger("gapless.bell")

Announce = Callable[[Sequence[Announcement]], None]
_announce_here: Announce | None = None


def set_announcer(announce_here: Announce | None) -> None:
    """Sets how this process announces from now on; None: it serves no sockets, and tells only other processes."""
    global _announce_here
    _announce_here = announce_here


def announce(announcements: Sequence[Announcement]) -> None:
    """Announces from any thread of a web process, or from a command. Never raises: the rows have what lost announcements told."""
    if _announce_here is not None:
        _announce_here(announcements)
        return
    # The pools take nothing from then on, whether or not the thread that ends the process is the one that began it.
    if getattr(thread, "_shutdown", False) or not threading.main_thread().is_alive():
        logger.info("the process ends: announcements were not made, the position check will find the rows")
        return
    try:
        async_to_sync(_tell_others)(announcements)
    except Exception as error:
        logger.warning(
            "announcements were lost, the position check will find the rows: %r", error, extra={"away": "Redis"}
        )


async def _tell_others(announcements: Sequence[Announcement]) -> None:
    layer = get_channel_layer()
    for announcement in announcements:
        await layer.group_send(group_of(announcement), event_of(announcement))
