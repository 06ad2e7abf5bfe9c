"""Counts messages on the event loop before they are queued, by their id, so that a repeat costs nothing."""

import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from chat.allowances.counting import admitted, exempt_users
from chat.allowances.table import MESSAGES
from chat.allowances.window import LoopWindows, Usage, windows

#: How long the list of exempt users is remembered, in seconds.
EXEMPT_SECONDS = 30


class MessageAllowance:
    """Belongs to one event loop. `read` runs a query in a thread."""

    def __init__(self, read: Callable[..., Awaitable[Any]]) -> None:
        self._read = read
        self._windows = LoopWindows(windows())
        self._exempt: set[int] = set()
        self._exempt_until = 0.0

    async def prepare(self) -> None:
        """Connects to Redis, so that the first message need not wait for it."""
        await self._windows.prepare()

    async def count(self, user_id: int, client_msg_id: uuid.UUID) -> Usage | None:
        """Counts one message; None without a limit. Raises RateLimited with the true time until the next one."""
        if MESSAGES.most == 0 or await self._is_exempt(user_id):
            return None
        return admitted(MESSAGES, await self._windows.ask(MESSAGES, user_id, str(client_msg_id)))

    async def close(self) -> None:
        await self._windows.close()

    async def _is_exempt(self, user_id: int) -> bool:
        has_exempt = settings.RATE_LIMIT_EXEMPT_STAFF or settings.RATE_LIMIT_EXEMPT_USERS
        if has_exempt and time.monotonic() > self._exempt_until:
            self._exempt_until = time.monotonic() + EXEMPT_SECONDS
            self._exempt = await self._read(exempt_users)
        return user_id in self._exempt
