"""Web processes for tests of presence: real Valkey, real rows, sockets that keep what was written; one clock, moved by hand."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.conf import settings
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chat import services, shapes
from chat.live.presence.here import ProcessPresence
from chat.live.source import ChatSource
from chat.models import User
from delivery.bus.announcements import Announcement
from delivery.live.socket import Socket
from delivery.node import Node
from presence.roster import Roster
from tests.conftest import Cast, in_thread
from tests.stage.listeners import Listener
from tests.stage.nodes import come_in

NO_RETRY = Retry(NoBackoff(), 0)


class Device:
    """One socket, and what its client has been told."""

    def __init__(self, user: User, socket: Socket, listener: Listener) -> None:
        self.user = user
        self.socket = socket
        self.listener = listener
        self.has_left = False

    def pushes(self, op: str) -> list[dict[str, Any]]:
        return [frame for frame in self.listener.frames if frame["op"] == op]

    def sees(self, user: User) -> str:
        """The status that the client shows, as the contract says a client does."""
        return str(self.state(user).get("status", "offline"))

    def state(self, user: User) -> dict[str, Any]:
        people: dict[str, Any] = {}
        everyone_else = "offline"
        for frame in self.pushes("presence"):
            if "channel" in frame:
                # A whole roster (everybody here shares one channel): who isn't named is not here.
                people = {}
                everyone_else = "offline" if frame.get("known", True) else "unknown"
            people.update(frame["users"])
        return people.get(str(user.pk), {"status": everyone_else})

    def typing(self, channel: int) -> list[int]:
        frames = [frame for frame in self.pushes("typing") if frame["channel"] == channel]
        return list(frames[-1]["users"]) if frames else []


class Process:
    def __init__(self, stage: "Stage", *, clock_ahead: float) -> None:
        self.stage = stage
        self.clock_ahead = clock_ahead
        self.node = Node(ChatSource(), settings.LIMITS, database_threads=2)
        self.presence = self._presence()

    def _presence(self) -> ProcessPresence:
        limits = settings.LIMITS
        roster = Roster(
            aioredis.Redis.from_url(settings.REDIS_URL),
            present_seconds=limits.present_seconds,
            flap_seconds=limits.flap_seconds,
            typing_seconds=limits.typing_seconds,
            prefix=self.stage.prefix,
        )
        return ProcessPresence(
            self.node, kept_from=lambda user: (), roster=roster, clock=lambda: self.stage.now + self.clock_ahead
        )

    async def enter(self, user: User) -> Device:
        """A new socket of this person: hello, sync, rosters."""
        listener = Listener()
        row = await in_thread(User.objects.get, pk=user.pk)
        socket = await come_in(self.node, user, listener, soft_bytes=1000, most_frames=10**6)
        await self.node.catching_up.sync(socket, {})
        self.presence.arrived(socket, shapes.choice_of(row))
        self.presence.pushes.push_rosters(socket, list(socket.accesses))
        return Device(user, socket, listener)

    def cut_redis(self) -> None:
        """From here on nobody answers where Redis was."""
        self._redis, self.presence.roster.redis = self.presence.roster.redis, aioredis.Redis(port=1, retry=NO_RETRY)

    def mend_redis(self) -> None:
        self.presence.roster.redis = self._redis

    async def choose(self, user: User, **choice: str | bool) -> None:
        """As the command does, or the API: kept in the rows, then known to this process."""
        self.presence.chosen(user.pk, await in_thread(services.choose_presence, user, **choice))

    async def leave(self, device: Device) -> None:
        self.presence.left(device.socket)
        await self.node.part(device.socket)
        device.has_left = True

    def hear(self, announcement: Announcement) -> None:
        self.node.receive(announcement)
        self.presence.heard(announcement)

    async def tick(self) -> None:
        self.presence.roster.ahead_seconds = self.stage.now
        await self.presence.tick()

    async def close(self) -> None:
        await self.node.nursery.end()
        self.node.close_threads()
        await self.presence.roster.redis.aclose()


class Stage:
    """Processes with one clock; `pass_time` moves it, as Redis reads it too, in steps of a tick."""

    def __init__(self) -> None:
        self.now = 0.0
        self.prefix = f"test:{secrets.token_hex(4)}:"
        self.processes: list[Process] = []

    def start(self, *, clock_ahead: float = 0.0) -> Process:
        process = Process(self, clock_ahead=clock_ahead)
        self.processes.append(process)
        return process

    async def kill(self, process: Process) -> None:
        """No goodbye."""
        self.processes.remove(process)
        await process.close()

    async def pass_time(self, seconds: float, *, step: float = 0.5) -> None:
        until = self.now + seconds
        while self.now < until - 1e-9:
            self.now = min(until, self.now + step)
            for process in list(self.processes):
                await process.tick()

    async def flush_redis(self) -> None:
        redis = aioredis.Redis.from_url(settings.REDIS_URL)
        async for key in redis.scan_iter(match=f"{self.prefix}*", count=1000):
            await redis.delete(key)
        await redis.aclose()


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    found = Stage()
    try:
        yield found
    finally:
        for process in found.processes:
            await process.close()


@pytest.fixture
async def here(transactional_db: None, cast: Cast) -> AsyncIterator[Process]:
    async with stage() as found:
        yield found.start()


@pytest.fixture
async def there(here: Process) -> Process:
    return here.stage.start()


@pytest.fixture
def time(here: Process) -> Stage:
    return here.stage
