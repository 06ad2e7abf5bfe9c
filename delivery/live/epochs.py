"""The epoch that this process serves. It notices if the database was rewound: then all clients begin again."""

import asyncio
import contextlib
import logging

from delivery.breaker import Breaker, BreakerOpen
from delivery.redis import REDIS_AWAY, key, loop_client, script
from delivery.source import LogPosition, Source
from delivery.threads import DatabaseThreads

logger = logging.getLogger("gapless.epochs")

#: How long Redis keeps the position up to which an epoch's log was written; seconds.
REMEMBERED_SECONDS = 90 * 24 * 3600

_REMEMBER = script(__file__, "remember_position.lua")


class Epochs:
    """The epoch. A log position below an earlier one, seen here or (in Redis) by another process, means a rewound database."""

    def __init__(self, source: Source, threads: DatabaseThreads, redis_url: str) -> None:
        self._source = source
        self._threads = threads
        self._redis = loop_client(redis_url)
        self._remember_script = self._redis.register_script(_REMEMBER)
        self._breaker = Breaker("redis_epochs", failures=1, pause_seconds=1)
        #: The epoch that sockets and requests were told last; "" before the first.
        self.current = ""
        self._seen = LogPosition(epoch="", position=0)
        #: One look at a time: a position seen in one epoch is not held against the next, which another look has just found.
        self._looking = asyncio.Lock()

    async def read(self) -> str:
        """Reads the epoch from the database. `check` handles one that differs from `current`."""
        return self.noted(await self._threads.read(self._source.log_position))

    def noted(self, log: LogPosition) -> str:
        """The epoch in a log position that was read together with other rows."""
        self.current = self.current or log.epoch
        return log.epoch

    async def check(self) -> bool:
        """Whether another epoch has begun since the last check. If the log was rewound, begins one."""
        async with self._looking:
            return await self._look()

    async def close(self) -> None:
        await self._redis.aclose()

    async def _look(self) -> bool:
        if not self.current:
            await self.read()
        # Before the rows are read: what others see meanwhile is higher, and no rewind.
        seen = max(self._seen.position if self._seen.epoch == self.current else 0, await self._seen_elsewhere())
        log = await self._threads.read(self._source.log_position)
        if log.epoch == self.current and log.position < seen:
            logger.error("the database's log is at %d, but had been at %d: another epoch begins", log.position, seen)
            await self._threads.read(self._source.begin_epoch, log.epoch)
            log = await self._threads.read(self._source.log_position)
        has_changed, self.current, self._seen = log.epoch != self.current, log.epoch, log
        await self._remember(log)
        return has_changed

    async def _seen_elsewhere(self) -> int:
        with contextlib.suppress(BreakerOpen, *REDIS_AWAY):
            return int(await self._breaker.call(lambda: self._redis.get(_key(self.current)), counts=REDIS_AWAY) or 0)
        return 0

    async def _remember(self, log: LogPosition) -> None:
        with contextlib.suppress(BreakerOpen, *REDIS_AWAY):
            arguments = [log.position, REMEMBERED_SECONDS]
            await self._breaker.call(
                lambda: self._remember_script(keys=[_key(log.epoch)], args=arguments), counts=REDIS_AWAY
            )


def _key(epoch: str) -> str:
    return key("wal", epoch)
