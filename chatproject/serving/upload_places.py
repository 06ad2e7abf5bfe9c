"""The places of a process for uploads: how many each user has, and which upload gives way when all places are taken."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

from django.conf import settings

from chat.allowances.table import Whose
from chat.files.upload_exchange import UploadExchange
from delivery.wire.errors import RateLimited, TooSlow, Unavailable

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]

#: The `Retry-After` for a user with too many uploads under way, in seconds.
AGAIN_SECONDS = 2.0
#: A body that has been coming for so many seconds may give way to others: pages send pieces of about a second.
GIVES_WAY_SECONDS = 10.0


class Coming:
    """A body under way: whether it has been received, and whether it lost its place to another upload."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._began_at = time.monotonic()
        self._waiting: asyncio.Timeout | None = None
        self._gave_way = False
        self.is_over = False

    async def receive(self) -> Event:
        """The next event of the body. Raises TooSlow once it has lost its place."""
        if self._gave_way:
            raise TooSlow
        try:
            async with asyncio.timeout(None) as self._waiting:
                event = await self._receive()
        except TimeoutError:
            raise TooSlow from None
        finally:
            self._waiting = None
        self.is_over = not event.get("more_body")
        return event

    @property
    def is_slow(self) -> bool:
        return not self.is_over and time.monotonic() - self._began_at >= GIVES_WAY_SECONDS

    def give_way(self) -> None:
        self._gave_way = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())


class Places:
    """The places, one for each body. When all are taken, the oldest slow body of the user with the most gives way to others."""

    def __init__(self) -> None:
        self._taken: dict[Coming, UploadExchange] = {}

    @contextlib.contextmanager
    def one_more(self, exchange: UploadExchange, body: Coming) -> Iterator[None]:
        """Takes a place for one more upload. Raises RateLimited, Unavailable."""
        if self._count(exchange.source) >= settings.LIMITS.uploads_at_once:
            raise RateLimited("Too many of your uploads are under way already.", retry_after=AGAIN_SECONDS)
        for full in self._full(exchange):
            self._make_room(exchange, full)
        self._taken[body] = exchange
        try:
            yield
        finally:
            self._taken.pop(body, None)

    def _full(self, exchange: UploadExchange) -> Iterator[list[Coming]]:
        # Those among which one has to give way.
        limits = settings.LIMITS
        from_outside = [body for body, other in self._taken.items() if other.is_from_outside]
        if exchange.is_from_outside and len(from_outside) >= limits.visitor_uploads_under_way:
            yield from_outside
        if len(self._taken) >= limits.uploads_under_way:
            yield list(self._taken)

    def _make_room(self, exchange: UploadExchange, among: list[Coming]) -> None:
        slow = [body for body in among if body.is_slow]
        most = max(slow, key=lambda body: self._count(self._taken[body].source), default=None)
        if most is None or self._count(self._taken[most].source) <= self._count(exchange.source):
            raise Unavailable("Too many files are on their way at the moment.", retry_after=AGAIN_SECONDS)
        most.give_way()
        del self._taken[most]

    def _count(self, source: Whose) -> int:
        return sum(exchange.source == source for exchange in self._taken.values())
