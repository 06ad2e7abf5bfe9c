"""The repeated checks of a process: signs of life, positions, seats, and the unsent bytes of all sockets together."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator

from delivery.bus.announcements import Opened
from delivery.bus.layer import Bus
from delivery.limits import NodeLimits
from delivery.live.accesses import Accesses
from delivery.live.epochs import Epochs
from delivery.live.hub import Hub
from delivery.live.peers import Prepared
from delivery.live.seating import Seating
from delivery.live.socket import Socket
from delivery.tasks import beat
from delivery.wire.codec import encode
from delivery.wire.frames import Heartbeat
from delivery.wire.types import CloseCode

logger = logging.getLogger("gapless.watches")

#: A position check begins so much earlier than it is due, so that what is read has reached the sockets in time.
AHEAD_SECONDS = 0.2
#: Seconds between two checks of the unsent bytes of all sockets together. Each write checks one socket's own bound.
SHED_SECONDS = 0.25
#: The same after a check that found no unsent bytes.
QUIET_SHED_SECONDS = 1.0


class Heartbeats:
    """Sends heartbeats to each socket, and closes sockets that stay silent."""

    def __init__(self, hub: Hub, epochs: Epochs, limits: NodeLimits) -> None:
        self._hub = hub
        self._epochs = epochs
        self._limits = limits

    async def keep(self) -> None:
        """Checks repeatedly, until it is cancelled."""
        while True:
            await beat(1)
            now = time.monotonic()
            for socket in self._hub.sockets:
                self._beat(socket, now)

    def _beat(self, socket: Socket, now: float) -> None:
        heard = socket.peer.last_heard
        if heard is not None and now - heard > self._limits.silent_seconds:
            socket.close(CloseCode.SILENT, "nothing was heard from you", retry_after=random.random())
        elif socket.is_synced and now >= socket.next_heartbeat:
            socket.next_heartbeat = now + self._limits.heartbeat_seconds
            frame = Heartbeat(epoch=self._epochs.current, heads=self._hub.heads_of(socket))
            self._hub.deliver(socket, Prepared(encode(frame)))
            socket.peer.ping()


async def keep_checking(bus: Bus, limits: NodeLimits, check: Callable[[], Awaitable[None]]) -> None:
    """Runs the position check repeatedly: more often while the bus is deaf, and at once when it becomes deaf."""
    checked_at, was_deaf = time.monotonic(), False
    while True:
        is_deaf = not bus.is_hearing
        seconds = limits.position_check_deaf_seconds if is_deaf else limits.position_check_seconds
        left = checked_at + seconds - AHEAD_SECONDS - time.monotonic()
        if left <= 0 or (is_deaf and not was_deaf):
            checked_at = time.monotonic()
            with _logged("the position check failed"):
                await check()
        elif is_deaf:
            await asyncio.sleep(left)
        else:
            await bus.hears_for(left)
        was_deaf = is_deaf


async def keep_seats(seating: Seating, accesses: Accesses) -> None:
    """Repeatedly: lets sockets follow the channels in which they now have a seat."""
    while True:
        await beat(1)
        with _logged("seats were not kept"):
            for user_id, channel_id in await seating.beat():
                await accesses.opened(Opened(user_id=user_id, channel_id=channel_id, action="joined"))


async def keep_shedding(hub: Hub, *, most_bytes: int) -> None:
    """Repeatedly: if all sockets together have too many unsent bytes, closes the slowest."""
    is_any_behind = False
    while True:
        await beat(SHED_SECONDS if is_any_behind else QUIET_SHED_SECONDS)
        is_any_behind = hub.shed(most_bytes=most_bytes)


@contextlib.contextmanager
def _logged(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        logger.warning("%s: %r", what, error)
