"""Many clients in one loop, living side by side."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

from delivery import tasks
from tests.faults.clients import Client
from tests.faults.machine_speed import Metronome


class Fleet:
    """`async with Fleet(clients):` they live; one clock for all their pings."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self.clients = list(clients)
        self.metronome = Metronome()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Fleet:
        self._tasks = [asyncio.ensure_future(client.live()) for client in self.clients]
        self._beating = [asyncio.ensure_future(self._tick()), asyncio.ensure_future(self.metronome.beat())]
        return self

    async def __aexit__(self, *error: object) -> None:
        for client in self.clients:
            client.is_stopping = True
            client.drop()
        await tasks.end([*self._beating, *self._tasks])

    def add(self, client: Client) -> None:
        self.clients.append(client)
        self._tasks.append(asyncio.ensure_future(client.live()))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            now = time.monotonic()
            for client in self.clients:
                with contextlib.suppress(ConnectionError):
                    client.tick(now)
