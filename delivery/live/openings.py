"""Limits how many sockets open at once: a crowd is let in one after another instead of timing out together."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from delivery import metrics
from delivery.places import Places
from delivery.wire.types import CloseCode

#: Clients for whom there is no room now are told to come back within so many seconds...
CROWD_SECONDS = 10
#: ...the first of them, fewer than a process lets in within half a second, for this long at most...
FEW_SECONDS = 2
#: ...and the others in turn, as many a second as a process lets in: faster, they would be sent away again; slower, it would wait.
BACK_PER_SECOND = 300
#: How many openings run at once. More would be no faster, and messages would wait behind them.
AT_WORK = 8


class Openings:
    """The sockets of one process between handshake and `hello`: at most `most`, of which few run at once and the rest wait."""

    def __init__(self, most: int) -> None:
        at_work = min(AT_WORK, most)
        self._places = Places(at_work, waiting=most - at_work)
        self._sent_away = 0.0
        self._counted_at = time.monotonic()

    @property
    def is_anybody_coming(self) -> bool:
        return self._places.taken > 0

    async def turn(self, line: str) -> Callable[[], None]:
        """Waits for a place; returns a function that gives it back. If too many wait, the last of the longest line gets NoPlace."""
        return await self._places.take(line)

    def wait(self) -> int:
        """Whole seconds after which a refused client may try again: when the clients before it have had their turn.

        Clients add up to a second by chance (Retry-After knows no less).
        """
        now = time.monotonic()
        back = (now - self._counted_at) * BACK_PER_SECOND
        self._sent_away, self._counted_at = max(0.0, self._sent_away - back) + 1, now
        turn = round(self._sent_away / BACK_PER_SECOND)
        if turn == 0:
            return random.randint(1, FEW_SECONDS)
        return turn if turn <= CROWD_SECONDS else random.randint(1, CROWD_SECONDS)


async def deny(
    scope: Mapping[str, Any], send: Callable[[MutableMapping[str, Any]], Awaitable[None]], *, seconds: int
) -> None:
    """Refuses the handshake for now: 503 where the server can say it, else 403; either way the client comes back later."""
    metrics.handshakes.labels("unavailable").inc()
    if "websocket.http.response" in scope.get("extensions", {}):
        headers = [(b"retry-after", b"%d" % seconds), (b"content-type", b"text/plain")]
        await send({"type": "websocket.http.response.start", "status": 503, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"try again later\n"})
    else:
        await send({"type": "websocket.close", "code": int(CloseCode.RESTARTING)})
