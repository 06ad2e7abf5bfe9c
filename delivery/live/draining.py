"""Sends this process's sockets elsewhere, each with its own time to reconnect, so that they don't return all at once."""

import asyncio
import math
import random
from collections.abc import Collection

from delivery.live.batches import batched
from delivery.live.socket import Socket
from delivery.wire.types import CloseCode

#: Sockets that are closed in one turn of the loop.
CLOSED_AT_ONCE = 100
#: Seconds between two such turns.
BREATH_SECONDS = 0.1
#: So many sockets reconnect in a second, because handshakes take CPU...
BACK_A_SECOND = 200
#: ...and all within so many seconds.
MOST_SECONDS = 5.0


async def send_away(sockets: Collection[Socket], reason: str) -> None:
    """Closes the sockets in steps, so that they don't reconnect to the other processes in one moment."""
    for some in batched(sockets, CLOSED_AT_ONCE):
        close_all(some, reason, crowd=len(sockets))
        await asyncio.sleep(BREATH_SECONDS)


async def hand_over(sockets: Collection[Socket], reason: str, *, within: float) -> None:
    """Closes the sockets a few at a time within `within` seconds; each reconnects at once, to the process that takes over."""
    steps = min(within, len(sockets) / BACK_A_SECOND) / BREATH_SECONDS
    for some in batched(sockets, max(1, math.ceil(len(sockets) / max(1, steps)))):
        close_all(some, reason, crowd=len(some))
        await asyncio.sleep(BREATH_SECONDS)


def close_all(sockets: Collection[Socket], reason: str, *, crowd: int) -> None:
    """Closes the sockets now. `crowd`: how many sockets reconnect altogether."""
    for socket in sockets:
        wait = round(random.random() * min(MOST_SECONDS, crowd / BACK_A_SECOND), 2)
        socket.close(CloseCode.RESTARTING, reason, retry_after=wait)
