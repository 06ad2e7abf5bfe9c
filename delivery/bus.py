"""The channel layer between the web processes: one layer channel a process, announcements in and out, all of it losable.

Hears itself: an echo to an own group every second says whether announcements arrive, since neither the layer nor Redis tells.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from delivery.announcements import Announcement, group_of, pack, unpack
from delivery.breaker import Breaker, BreakerOpen

logger = logging.getLogger("gapless.bus")

#: The one type on the layer: an unknown type would kill a consumer that listens (channels' dispatch raises).
EVENT_TYPE = "gapless.announce"
ECHO_SECONDS = 1
#: Without an echo for so long, nothing is heard from others either.
DEAF_AFTER_SECONDS = 2.5
#: Deaf for so long, the layer's connections are thrown away and made anew.
REBUILD_AFTER_SECONDS = 6
#: How long whoever begins to follow a stream waits for the subscription; a lost one is healed by the position check.
SUBSCRIBE_SECONDS = 0.5
#: Announcements waiting for Redis; older ones are dropped, the rows say the same.
MOST_WAITING = 2000


class Bus:
    def __init__(self, layer: Any, receive: Callable[[Announcement], None]) -> None:
        self._layer = layer
        self._receive = receive
        self._id = secrets.token_hex(8)
        self._groups: set[str] = {f"process.{self._id}"}
        self._channel_name: str | None = None
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=MOST_WAITING)
        self._wake = asyncio.Event()
        self._heard_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._breaker = Breaker(failures=1, pause_seconds=1)

    @property
    def is_hearing(self) -> bool:
        """Whether announcements of other processes arrive, as far as can be known."""
        return time.monotonic() - self._heard_at < DEAF_AFTER_SECONDS

    async def start(self) -> None:
        """Tries once at once, so that a healthy Redis is heard from the first moment; goes on trying in the background."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._subscribe(), SUBSCRIBE_SECONDS)
            self._heard_at = time.monotonic()
        self._tasks = [asyncio.ensure_future(work()) for work in (self._hear, self._speak, self._echo)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._layer.flush(), 2)

    def announce(self, announcement: Announcement) -> None:
        """To all processes that listen, after what was announced before; lost when Redis is away."""
        self._waiting.append((group_of(announcement), pack(announcement)))
        self._wake.set()

    async def listen(self, group: str) -> None:
        """Announcements of this group are received from here on; waits for the subscription, but not for long."""
        if group in self._groups:
            return
        self._groups.add(group)
        if self._channel_name is not None and self.is_hearing:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(
                    asyncio.shield(self._layer.group_add(group, self._channel_name)), SUBSCRIBE_SECONDS
                )

    async def forget(self, group: str) -> None:
        if group in self._groups:
            self._groups.discard(group)
            if self._channel_name is not None and self.is_hearing:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(self._layer.group_discard(group, self._channel_name), SUBSCRIBE_SECONDS)

    # ---- tasks ----

    async def _subscribe(self) -> None:
        self._channel_name = await self._layer.new_channel("process!")
        for group in list(self._groups):
            await self._layer.group_add(group, self._channel_name)

    async def _hear(self) -> None:
        while True:
            try:
                if self._channel_name is None:
                    await self._subscribe()
                event = await self._layer.receive(self._channel_name)
                self._take(event)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                logger.warning("Redis carries no announcements: %r", error)
                await self._rebuild()
                await asyncio.sleep(1)

    def _take(self, event: dict[str, Any]) -> None:
        if "echo" in event:
            self._heard_at = time.monotonic()
        elif event.get("origin") != self._id:
            self._receive(unpack(event["packed"]))

    async def _speak(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                group, packed = self._waiting.popleft()
                await self._send(group, {"origin": self._id, "packed": packed})

    async def _echo(self) -> None:
        while True:
            await self._send(f"process.{self._id}", {"echo": True})
            await asyncio.sleep(ECHO_SECONDS)
            if time.monotonic() - self._heard_at > REBUILD_AFTER_SECONDS:
                logger.warning("no echo from Redis for %s s: connecting anew", REBUILD_AFTER_SECONDS)
                self._tasks[0].cancel()
                await asyncio.gather(self._tasks[0], return_exceptions=True)
                await self._rebuild()
                self._tasks[0] = asyncio.ensure_future(self._hear())
                await asyncio.sleep(REBUILD_AFTER_SECONDS)

    async def _rebuild(self) -> None:
        self._channel_name = None
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._layer.flush(), 3)

    async def _send(self, group: str, event: dict[str, Any]) -> None:
        async def send() -> None:
            await self._layer.group_send(group, {"type": EVENT_TYPE, **event})

        try:
            await self._breaker.call(send, counts=(Exception,))
        except BreakerOpen:
            return
        except Exception as error:
            logger.warning("an announcement was lost, others read the rows: %r", error)
