"""The background tasks of a client, which end with it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

#: A task that has not ended after so many seconds is cancelled again.
AGAIN_SECONDS = 0.2


class BackgroundTasks:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self) -> None:
        """Cancels all tasks, and returns when all have ended; their errors are ignored.

        One cancellation is not enough: a wait with a timeout can swallow it when both come at once (cpython#86296).
        """
        while ending := set(self._tasks):
            for task in ending:
                task.cancel()
            done, _ = await asyncio.wait(ending, timeout=AGAIN_SECONDS)
            await asyncio.gather(*done, return_exceptions=True)
