"""Checks repeatedly in the rows whether the logins of this process's sockets are still valid, even if no announcement arrived."""

import logging
import time
from collections.abc import Sequence

from delivery.live.hub import Hub
from delivery.live.socket import Socket
from delivery.source import Source
from delivery.tasks import Nursery, beat
from delivery.threads import DatabaseThreads
from delivery.wire.types import CloseCode

logger = logging.getLogger("gapless.logins")

#: Seconds between two checks of new sockets: a login that ended while its socket was opening is noticed within these.
NEWCOMERS_SECONDS = 0.5

#: What the goodbye says to a socket that may not stay.
ENDINGS = {
    CloseCode.SIGNED_OUT: "your login has ended",
    CloseCode.BANNED: "this account is suspended",
}


class LoginWatch:
    """Checks all logins every `seconds`, and those of new sockets once more soon after their opening."""

    def __init__(self, hub: Hub, source: Source, threads: DatabaseThreads, nursery: Nursery, *, seconds: float) -> None:
        self._nursery = nursery
        self._hub = hub
        self._source = source
        self._threads = threads
        self._seconds = seconds
        self._newcomers: list[Socket] = []

    def came(self, socket: Socket) -> None:
        self._newcomers.append(socket)

    def ended(self, user_id: int) -> None:
        """Call it when a login of this user may have ended: checks the user's sockets in the rows."""
        self._nursery.leave(self.check(list(self._hub.sockets_of.get(user_id, ()))))

    async def keep(self) -> None:
        """Checks repeatedly, until it is cancelled."""
        checked_at = time.monotonic()
        while True:
            await beat(NEWCOMERS_SECONDS)
            newcomers, self._newcomers = self._newcomers, []
            # Begun so early that sockets are closed in time.
            is_due = time.monotonic() - checked_at >= self._seconds - 2 * NEWCOMERS_SECONDS
            try:
                await self.check(list(self._hub.sockets) if is_due else newcomers)
                checked_at = time.monotonic() if is_due else checked_at
            except Exception as error:
                logger.warning("the login check failed: %r", error)

    async def check(self, sockets: Sequence[Socket]) -> None:
        """Closes the sockets whose login has ended."""
        if not sockets:
            return
        endings = await self._threads.read(self._source.endings, [socket.login for socket in sockets])
        for socket, ending in zip(sockets, endings, strict=True):
            if ending is not None:
                socket.close(ending, ENDINGS[ending], retry_after=None)
