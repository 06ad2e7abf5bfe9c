"""Repeats work in the background of a test, and ignores its errors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx

from delivery.client.connection import CommandRefused


@contextlib.asynccontextmanager
async def beside(*work: Any) -> AsyncIterator[None]:
    """Goes on meanwhile, whatever becomes of it."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def again_and_again(act: Callable[[], Any], *, pause: float = 0.05) -> None:
    while True:
        with contextlib.suppress(CommandRefused, ConnectionError, httpx.HTTPError, TimeoutError):
            await act()
        await asyncio.sleep(pause)
