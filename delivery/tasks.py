"""Ending what runs beside: asked again until it is over."""

import asyncio
from collections.abc import Iterable
from typing import Any

#: After so long without an end it is asked again.
AGAIN_SECONDS = 0.2


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels, and returns when all are over; what they raise is theirs.

    Asked once is not enough: a wait with a timeout can swallow the cancellation when both come at once (cpython#86296),
    and libraries wait so.
    """
    ending = set(tasks)
    while ending:
        for task in ending:
            task.cancel()
        done, ending = await asyncio.wait(ending, timeout=AGAIN_SECONDS)
        await asyncio.gather(*done, return_exceptions=True)
