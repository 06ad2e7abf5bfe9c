"""The queue and the event of a WebSocket, with only what uvicorn needs of asyncio's.

asyncio's have four deques, each with room for 64 things from the beginning: a tenth of an idle socket's memory.
"""

import asyncio
from typing import Any

Waiting = asyncio.Future[None]


class SocketQueue:
    """A queue with one reader."""

    __slots__ = ("_events", "_waiting")

    def __init__(self) -> None:
        self._events: list[Any] = []
        self._waiting: Waiting | None = None

    def put_nowait(self, event: Any) -> None:
        self._events.append(event)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def empty(self) -> bool:
        return not self._events

    @property
    def is_awaited(self) -> bool:
        """The reader waits, and nothing has come."""
        return self._waiting is not None and not self._waiting.done()

    @property
    def is_behind(self) -> bool:
        """Something has come that the reader does not take at once."""
        return len(self._events) > (self._waiting is not None)

    async def get(self) -> Any:
        while not self._events:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._events.pop(0)


class Gate:
    """An event that is open until it is closed; waiting tasks continue when it opens."""

    __slots__ = ("_is_open", "_waiting")

    def __init__(self) -> None:
        self._is_open = True
        self._waiting: tuple[Waiting, ...] = ()

    def set(self) -> None:
        self._is_open = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting = ()

    def clear(self) -> None:
        self._is_open = False

    async def wait(self) -> None:
        while not self._is_open:
            waiting: Waiting = asyncio.get_running_loop().create_future()
            self._waiting = (*self._waiting, waiting)
            await waiting
