"""Database work off the event loop: whole transactions in threads of our own, each giving its connection back to the pool.

Channels' database_sync_to_async shares one thread a process (channels#2132), so nothing here goes through it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseThreads:
    def __init__(self, count: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=count, thread_name_prefix="gapless-database")

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result. A cancelled wait does not stop the function: its outcome is then unknown."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: _with_connection(function, *args, **kwargs))

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


def _with_connection(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()
