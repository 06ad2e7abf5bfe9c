"""Whether the client of a request has left."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any


async def has_left(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> bool:
    """Looks without waiting. For a request whose body has been read as a whole: after it, only the leaving can come."""
    try:
        async with asyncio.timeout(0):
            return (await receive())["type"] == "http.disconnect"
    except TimeoutError:
        return False
