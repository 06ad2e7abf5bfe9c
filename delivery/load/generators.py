"""A load test's clients, spread over processes of their own: orders go to all of them, and what they saw is put together.

Every channel's clients are in all processes, so that no process is late with a whole channel.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from delivery.load.orders import (
    Arrive,
    Count,
    Depart,
    Done,
    Enter,
    Failed,
    Order,
    Say,
    Settle,
    Speak,
    Step,
    Tell,
    Word,
    pack,
    read,
)  # fmt: skip
from delivery.load.processes import usage_of
from delivery.load.tally import Tally
from delivery.tasks import Nursery

#: That one event loop serves without being late, by experience with the clients of this package.
CLIENTS_EACH = 250
#: To say goodbye and end, before it is killed.
STOP_SECONDS = 10

_ROOT = Path(__file__).resolve().parents[2]
_decode = msgspec.msgpack.Decoder(Word).decode
Progress = Callable[[int], None]


def fitting(clients: int) -> int:
    """How many generators so many clients need, at most one for each core that we may use."""
    return max(1, min(len(os.sched_getaffinity(0)), -(-clients // CLIENTS_EACH)))


class Generators:
    """`async with Generators(count) as crowd:`; none of them outlives the block, or this process.

    Clients are numbered by their places. Raises ConnectionError when clients can't connect or a generator ends by itself.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._processes: list[asyncio.subprocess.Process] = []
        self._nursery = Nursery()
        self._answers: list[asyncio.Queue[Done | Failed]] = [asyncio.Queue() for _ in range(count)]
        self._counts = [Count(0, 0) for _ in range(count)]
        self._heads: dict[int, int] = {}
        self._progress: dict[str, Progress] = {}

    async def __aenter__(self) -> "Generators":
        for number in range(self._count):
            # A session of its own: Ctrl-C is for us, and our end is its end.
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "delivery.load.generator", cwd=_ROOT, start_new_session=True,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            self._processes.append(process)
            self._nursery.start(self._read(number, process))
        return self

    async def __aexit__(self, *error: object) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await asyncio.gather(*(process.wait() for process in self._processes))
        finally:
            for process in self._processes:
                if process.returncode is None:
                    process.kill()
            await self._nursery.end()

    @property
    def cpu_seconds(self) -> float:
        return sum(usage_of(process.pid).cpu_seconds for process in self._processes)

    @property
    def count(self) -> Count:
        """Messages that were answered and changes that were heard, as of a moment ago."""
        return Count(sum(one.answered for one in self._counts), sum(one.deliveries for one in self._counts))

    async def arrive(self, url: str, places: Sequence[tuple[str, int]], *, progress: Progress) -> list[float]:
        """Connects everybody; seconds from each handshake to the answered sync."""
        self._progress["connecting"] = progress
        shares = [places[number :: self._count] for number in range(self._count)]
        orders = [Arrive(url=url, name=f"load {number}.", places=share) for number, share in enumerate(shares)]
        return _seconds(await self._all(orders))

    async def speak(
        self, speakers: Sequence[int], cut: Sequence[int], *, rate: float, seconds: float, each_seconds: float,
        sending: Progress, returning: Progress,
    ) -> list[float]:  # fmt: skip
        """Speakers speak and those who are cut come back; the seconds until each was back and caught up."""
        self._progress |= {"sending": sending, "cut": returning}
        said = zip(self._shared(speakers), self._shared(cut), strict=True)
        orders = [
            Speak(speakers=own, cut=lost, rate=rate, seconds=seconds, each_seconds=each_seconds) for own, lost in said
        ]
        return _seconds(await self._all(orders))

    async def settled(self) -> bool:
        """Whether everybody has heard of everything that was answered anywhere, in time."""
        return all(done.is_settled for done in await self._all([Settle(self._heads)] * self._count))

    async def leave(self, seats: Sequence[int]) -> None:
        await self._all([Depart(share) for share in self._shared(seats)])

    async def say(self, seats: Sequence[int]) -> None:
        """One message from each of these, answered."""
        await self._all([Say(share) for share in self._shared(seats)])

    async def enter(self, seats: Sequence[int], *, progress: Progress) -> None:
        """They come back, in each generator one after the other."""
        self._progress["entering"] = progress
        await self._all([Enter(share) for share in self._shared(seats)])

    async def tell(self) -> tuple[Tally, list[float]]:
        """The merged tally of all generators, and the lags of their event loops while clients sent."""
        told = await self._all([Tell()] * self._count)
        return Tally.together(done.tally for done in told if done.tally), [late for done in told for late in done.lag]

    def _shared(self, seats: Iterable[int]) -> list[list[int]]:
        shares: list[list[int]] = [[] for _ in range(self._count)]
        for seat in seats:
            shares[seat % self._count].append(seat // self._count)
        return shares

    async def _all(self, orders: Sequence[Order]) -> list[Done]:
        for process, order in zip(self._processes, orders, strict=True):
            assert process.stdin is not None
            process.stdin.write(pack(order))
        done = await asyncio.gather(*(self._answer(number) for number in range(self._count)))
        for one in done:
            self._heads |= {
                channel_id: max(head, self._heads.get(channel_id, 0)) for channel_id, head in one.heads.items()
            }
        return done

    async def _answer(self, number: int) -> Done:
        answer = await self._answers[number].get()
        if isinstance(answer, Failed):
            raise ConnectionError(answer.says)
        return answer

    async def _read(self, number: int, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while (raw := await read(process.stdout)) is not None:
            match _decode(raw):
                case Step() as step:
                    self._progress[step.what](step.done)
                case Count() as count:
                    self._counts[number] = count
                case Done() | Failed() as answer:
                    self._answers[number].put_nowait(answer)
        self._answers[number].put_nowait(Failed("a process of the load test's clients has ended"))


def _seconds(done: Iterable[Done]) -> list[float]:
    return [seconds for one in done for seconds in one.seconds]
