"""The clients of a load test and what they do, step by step: connect, speak, be cut off, be away and come back."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from delivery.client import Client, Ended
from delivery.client.connection import CommandRefused
from delivery.load.tally import Reception, Tally
from delivery.tasks import Nursery, end

#: How many handshakes are under way at once.
OPENING_AT_ONCE = 50
#: How long the last receivers have to hear what was answered.
SETTLE_SECONDS = 20
#: From being cut off to having caught up.
RETURN_SECONDS = 10

Progress = Callable[[int], None]


@dataclass
class Seat:
    """One client's place: who it is, and where it listens and speaks."""

    token: str
    channel_id: int
    heard: Reception
    client: Client | None = None
    listening: "asyncio.Task[None] | None" = None
    heads: dict[int, int] = field(default_factory=dict)


class Crowd:
    """`async with Crowd(...) as crowd:`; at its end everybody is disconnected. `name` begins every message."""

    def __init__(self, url: str, places: Sequence[tuple[str, int]], *, tally: Tally, name: str = "load") -> None:
        self._url = url
        self._name = name
        self.tally = tally
        self.seats = [Seat(token, channel_id, tally.receiver(channel_id)) for token, channel_id in places]
        self._numbers = itertools.count(1)
        self._nursery = Nursery()

    async def __aenter__(self) -> "Crowd":
        return self

    async def __aexit__(self, *error: object) -> None:
        await asyncio.gather(*(self.leave(seat) for seat in self.seats), return_exceptions=True)
        await self._nursery.end()

    async def arrive(self, progress: Progress) -> list[float]:
        """Connects everybody; seconds from the handshake to the answered sync. Raises TimeoutError or Ended."""
        gate = asyncio.Semaphore(OPENING_AT_ONCE)

        async def arrive_one(seat: Seat) -> float:
            async with gate:
                seconds = await self.enter(seat)
            seat.heard.start = seat.heads[seat.channel_id]
            progress(1)
            return seconds

        return await asyncio.gather(*(arrive_one(seat) for seat in self.seats))

    async def enter(self, seat: Seat) -> float:
        """Connects one client, which goes on from what it holds; returns the seconds that it took."""
        began_at = time.perf_counter()
        seat.client = Client(self._url, token=seat.token, heads=seat.heads)
        seat.listening = self._nursery.start(self._listen(seat, seat.client))
        await asyncio.wait_for(seat.client.__aenter__(), RETURN_SECONDS * 3)
        seat.heads = seat.client.heads
        return time.perf_counter() - began_at

    async def leave(self, seat: Seat) -> None:
        if seat.client is not None and seat.listening is not None:
            seat.heads = dict(seat.client.heads)
            await seat.client.__aexit__(None, None, None)
            await end([seat.listening])
            seat.client = None

    async def speak(self, speakers: Sequence[Seat], *, rate: float, seconds: float, progress: Progress) -> None:
        """Each speaker says `rate` messages a second, or (0) the next when the last one is answered."""
        until = time.perf_counter() + seconds
        await asyncio.gather(*(self._speak(seat, rate=rate, until=until, progress=progress) for seat in speakers))

    async def say(self, seat: Seat) -> None:
        """One message, answered. What is refused is counted by its code."""
        name = f"{self._name} {next(self._numbers)}: the quick brown fox jumps over the lazy dog"
        self.tally.send(name, channel_id=seat.channel_id, at=time.perf_counter())
        assert seat.client is not None
        try:
            message = await seat.client.post(seat.channel_id, name)
        except CommandRefused as refused:
            self.tally.refused(refused.code)
        except Ended as ended:
            self.tally.refused(f"closed with {ended.code}")
        else:
            self.tally.answered(name, number=message["seq"], at=time.perf_counter())

    async def cut_off(
        self, seats: Sequence[Seat], *, each_seconds: float, until: float, progress: Progress
    ) -> list[float]:
        """One after the other loses its connection, all in `each_seconds`; the seconds until each was back and caught up."""
        took: list[float] = []
        running: set[asyncio.Task[None]] = set()

        async def cut_one(seat: Seat) -> None:
            assert seat.client is not None
            began_at = time.perf_counter()
            await seat.client.drop()
            await asyncio.wait_for(seat.client.online(), RETURN_SECONDS * 3)
            took.append(time.perf_counter() - began_at)
            progress(1)

        for seat in itertools.cycle(seats):
            left = until - time.perf_counter()
            if left <= 0:
                break
            running.add(self._nursery.start(cut_one(seat)))
            await asyncio.sleep(min(left, each_seconds / len(seats)))
        await asyncio.gather(*running)
        return took

    async def settled(self, heads: Mapping[int, int] | None = None) -> bool:
        """Waits until every client has all changes up to `heads` (default: the messages answered here). False if time ran out."""
        deadline = time.perf_counter() + SETTLE_SECONDS
        heads = self.tally.heads if heads is None else heads
        while time.perf_counter() < deadline:
            if all(_has_heard(seat.heard, heads.get(seat.channel_id, 0)) for seat in self.seats):
                return True
            await asyncio.sleep(0.05)
        return False

    async def _speak(self, seat: Seat, *, rate: float, until: float, progress: Progress) -> None:
        began_at = time.perf_counter() + (random.random() / rate if rate else 0)
        saying: set[asyncio.Task[None]] = set()
        for number in itertools.count():
            due = began_at + number / rate if rate else time.perf_counter()
            if due >= until:
                break
            # By the clock, not by the answers: what waits behind a slow answer is late from when it was due.
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            progress(1)
            if rate:
                task = self._nursery.start(self.say(seat))
                saying.add(task)
                task.add_done_callback(saying.discard)
            else:
                await self.say(seat)
        await asyncio.gather(*saying)

    async def _listen(self, seat: Seat, client: Client) -> None:
        async for event in client.events():
            at = time.perf_counter()
            if event.kind == "resync":
                self.tally.refused("resync")
            for change in event.changes:
                if event.channel == seat.channel_id and change["kind"] == "text":
                    self.tally.hear(seat.heard, name=change["body"], number=change["rev"], at=at)


def _has_heard(heard: Reception, head: int) -> bool:
    return head <= heard.start or (bool(heard.numbers) and heard.numbers[-1] >= head)
