"""Limits how many sockets of one user read missed changes at once: their other sockets wait, and take no other user's place."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from delivery.threads import DatabaseThreads

P = ParamSpec("P")
T = TypeVar("T")

#: Reads of one user at once in this process; fewer if there are few threads: one thread is always left for other users.
READS_AT_ONCE = 2


class Turns:
    """The turns of all users, for one event loop."""

    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads
        self._most = max(1, min(READS_AT_ONCE, threads.count - 1))
        #: The semaphores of users with reads under way or waiting.
        self._of_users: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    async def read(self, user_id: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same as DatabaseThreads.read, when it is this user's turn."""
        async with self._of_users.setdefault(user_id, asyncio.Semaphore(self._most)):
            return await self._threads.read(work, *args, **kwargs)
