"""What presence costs the servers, against what the messages of the same people cost, in one run on one machine.

    python -m benchmarks.presence                   one full channel, then 1,000 people in ten: eight minutes
    python -m benchmarks.presence --part channel    only the one, or only the `crowd`

Two pairs of web processes over a data folder of their own (.data/bench), one of them without presence (benchmarks.silent): what
anybody's coming costs is the same there. The other pair counts what presence itself uses (benchmarks.timed), which is far less
than two runs differ by. A frame that changes nothing has to be taken, too, and is measured. Compare figures only within one run.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import uvloop

#: More often than in service, so that no step escapes without its part of it.
os.environ["GAPLESS_LIMIT_PRESENCE_WRITE_SECONDS"] = "10"

from benchmarks.fanout import WebProcess  # noqa: I001 (sets Django up, for what is imported after it)
from benchmarks.crowd import DATA, MEMBERS, OWN, Cost, Crowd, Person, gather
from chatproject.embedded import services as embedded

CROWDS = 10
#: Leaving is noticed after 5 s, and told within another one.
SETTLE_SECONDS = 8.0
#: The time in which everything that servers do by themselves has happened once.
HEARTBEAT_SECONDS = 30.0
#: Between two things that all do at once, so that none is told together with the next.
APART_SECONDS = 2.0
#: What takes milliseconds is done so often that it stands out.
COMINGS, BURSTS, WORDS = 4, 30, 5

COMING, COMING_SILENTLY = "100 come at once and go", "the same without presence"
SAYING, IDLING = "100 say a message at once", "100 turn idle or active at once"
#: What a hundred frames cost that change nothing: nobody is told less than that for.
REPEATING = "100 say at once what is known"
TYPING, SAYING_ON = "100 type for 3 s", "100 say a message within 3 s"
CROWD, CROWD_SILENTLY, CROWD_SAYING = (
    "1,000 come in 10 s and go in 10 s",
    "1,000 do so without presence",
    "1,000 say a message in 10 s",
)
#: Presence, the same without it where everybody comes and goes, and the messages that it is measured by.
RATIOS = {
    "coming and going": (COMING, COMING_SILENTLY, SAYING),
    "turning idle or active": (IDLING, None, SAYING),
    "saying what is known": (REPEATING, None, SAYING),
    "typing": (TYPING, None, SAYING_ON),
    "1,000 coming and going": (CROWD, CROWD_SILENTLY, CROWD_SAYING),
}


class Costs:
    """Of every step: the sum, and how often it was done. Each is shown as soon as it is known."""

    def __init__(self) -> None:
        self._sums: dict[str, Cost] = defaultdict(Cost)
        self._times: dict[str, int] = defaultdict(int)
        self._began_at = time.perf_counter()

    def add(self, name: str, cost: Cost, *, times: int = 1) -> None:
        self._sums[name] += cost
        self._times[name] += times
        self.tell(f"{name}{f', {times} times' if times > 1 else ''}: {cost}")

    def tell(self, sentence: str) -> None:
        print(f"{time.perf_counter() - self._began_at:5.0f} s  {sentence}", file=sys.stderr, flush=True)

    def figures(self) -> dict[str, Any]:
        """Of each step done once."""
        return {
            name: {
                "cpu_ms": {part: round(spent * 1000, 1) for part, spent in once.cpu.items()},
                "kilobytes": {op: round(size / 1024, 1) for op, size in once.bytes.items()},
                "clients_busy": round(once.clients_cpu / once.seconds, 2),
                "times": self._times[name],
            }
            for name in self._sums
            for once in [self._once(name)]
        }

    def ratios(self) -> dict[str, Any]:
        return {
            name: self._ratio(*steps)
            for name, steps in RATIOS.items()
            if steps[0] in self._sums and steps[2] in self._sums
        }

    def _ratio(self, presence: str, without: str | None, messages: str) -> dict[str, Any]:
        told, said = self._once(presence), self._once(messages)
        cpu = told.cpu_ms
        if without is not None:
            cpu = (told.cpu[OWN] + told.cpu["valkey"] - self._once(without).cpu["valkey"]) * 1000
        return {
            "cpu_ms": round(cpu, 1),
            "of_their_messages": round(cpu / max(0.1, said.cpu_ms), 3),
            "kilobytes": round(told.presence_bytes / 1024, 1),
            "kilobytes_of_their_messages": round(told.presence_bytes / max(1, said.bytes["changes"]), 3),
        }

    def _once(self, name: str) -> Cost:
        times = self._times[name]
        cost = self._sums[name]
        return Cost(
            cost.seconds / times,
            Counter({part: spent / times for part, spent in cost.cpu.items()}),
            Counter({op: size // times for op, size in cost.bytes.items()}),
            cost.clients_cpu / times,
        )


async def of_one_channel(costs: Costs, crowd: Crowd, silent: Crowd) -> None:
    for everybody in (silent, crowd):
        await everybody.learn_idle(HEARTBEAT_SECONDS / 2)
    for _ in range(COMINGS):
        costs.add(COMING_SILENTLY, await silent.measured(_come_and_go(silent), settle_seconds=SETTLE_SECONDS))
        costs.add(COMING, await crowd.measured(_come_and_go(crowd), settle_seconds=SETTLE_SECONDS))
    await _stand(costs, crowd)

    async def idle_and_back() -> None:
        await crowd.tell_idle(True)
        await asyncio.sleep(APART_SECONDS)
        await crowd.tell_idle(False)

    for _ in range(2):
        said = await crowd.measured(_often(crowd.say, BURSTS // 2), settle_seconds=APART_SECONDS)
        costs.add(SAYING, said, times=BURSTS // 2)
        repeated = await crowd.measured(
            _often(lambda: crowd.tell_idle(False), BURSTS // 2), settle_seconds=APART_SECONDS
        )
        costs.add(REPEATING, repeated, times=BURSTS // 2)
        idled = await crowd.measured(_often(idle_and_back, BURSTS // 4), settle_seconds=APART_SECONDS)
        costs.add(IDLING, idled, times=BURSTS // 4 * 2)
    typed = await crowd.measured(
        _often(lambda: crowd.type(over_seconds=3), WORDS, apart=0), settle_seconds=SETTLE_SECONDS
    )
    costs.add(TYPING, typed, times=WORDS)
    said = await crowd.measured(
        _often(lambda: crowd.say(over_seconds=3), WORDS, apart=0), settle_seconds=SETTLE_SECONDS
    )
    costs.add(SAYING_ON, said, times=WORDS)
    await crowd.go()


async def of_a_crowd(costs: Costs, crowd: Crowd, silent: Crowd) -> None:
    await asyncio.sleep(SETTLE_SECONDS)
    for everybody, name in ((silent, CROWD_SILENTLY), (crowd, CROWD)):
        await everybody.learn_idle(HEARTBEAT_SECONDS / 2)
        step = _come_and_go(everybody, over_seconds=10)
        costs.add(name, await everybody.measured(step, settle_seconds=SETTLE_SECONDS))
        costs.tell(f"the latest socket was ready {everybody.latest:.2f} s after its turn")
    await crowd.come(over_seconds=10)
    await _stand(costs, crowd)
    said = await crowd.measured(lambda: crowd.say(over_seconds=10), settle_seconds=SETTLE_SECONDS)
    costs.add(CROWD_SAYING, said)
    await crowd.go()


async def _stand(costs: Costs, crowd: Crowd) -> None:
    if not crowd.is_here:
        await crowd.come()
    await asyncio.sleep(SETTLE_SECONDS)
    await crowd.learn_idle(HEARTBEAT_SECONDS)
    costs.tell(f"CPU ms a second while everybody is here and nobody does anything: {crowd.idle_ms}")


def _come_and_go(crowd: Crowd, *, over_seconds: float = 0.0) -> Callable[[], Awaitable[None]]:
    async def come_and_go() -> None:
        await crowd.come(over_seconds=over_seconds)
        await asyncio.sleep(APART_SECONDS)
        await crowd.go(over_seconds=over_seconds)

    return come_and_go


def _often(
    act: Callable[[], Awaitable[None]], times: int, *, apart: float = APART_SECONDS
) -> Callable[[], Awaitable[None]]:
    async def do_often() -> None:
        for _ in range(times):
            await act()
            await asyncio.sleep(apart)

    return do_often


async def measure(
    servers: Sequence[WebProcess], silent: Sequence[WebProcess], part: str, people: list[Person]
) -> dict[str, Any]:
    costs = Costs()
    for processes in (servers, silent):
        # As warm as they are in service before anything is counted.
        warm = Crowd(processes, people[:MEMBERS])
        await warm.come()
        await warm.say()
        await warm.go()
    await asyncio.sleep(SETTLE_SECONDS)
    costs.tell("everybody is warm")
    if part != "crowd":
        await of_one_channel(costs, Crowd(servers, people[:MEMBERS]), Crowd(silent, people[:MEMBERS]))
    if part != "channel":
        await of_a_crowd(costs, Crowd(servers, people), Crowd(silent, people))
    return {"each once": costs.figures(), "against their messages": costs.ratios()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--part", choices=("channel", "crowd", "both"), default="both")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    people = gather(MEMBERS if options.part == "channel" else MEMBERS * CROWDS)
    servers = [WebProcess(18110 + n, module="benchmarks.timed") for n in range(options.processes)]
    silent = [WebProcess(18130 + n, module="benchmarks.silent") for n in range(options.processes)]
    try:
        for server in (*servers, *silent):
            server.wait_ready()
        figures = uvloop.run(measure(servers, silent, options.part, people))
    finally:
        for server in (*servers, *silent):
            server.process.terminate()
        for server in (*servers, *silent):
            server.process.wait(40)
        embedded.leave(DATA)
    if options.json:
        print(json.dumps(figures))
        return
    for title, rows in figures.items():
        print(f"\n{title}")
        for name, row in rows.items():
            print(f"{name:>38}  " + "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
