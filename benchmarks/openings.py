"""What it costs that somebody comes in: the handshake, `hello`, and the sync of a client that holds everything.

    python -m benchmarks.openings                        this checkout: a minute or two
    python -m benchmarks.openings --against ../before    the same of another one in turn, and ratios

CPU of the web process and of the services an opening (by token, by session, with many channels), round trips to PostgreSQL, how
long a thousand take that come back at once and what others' sends wait meanwhile, memory. Each server is one web process over the
data folder of the benchmarks (.data/bench). Compare figures only within one run.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psutil
import uvloop
from django.core.management import call_command

from benchmarks.fanout import DATA, ROOT, WebProcess, services_cpu
from benchmarks.roundtrips import CountingDoor
from chatproject.embedded import services as embedded
from delivery.load.processes import usage_of
from delivery.load.tally import quantiles

django.setup()

from benchmarks.comers import Comer, Person, come, come_back, lay_out  # noqa: E402 (Django comes first)

PORT = 18120
#: Openings under way at once where CPU is measured: a process that is busy, not one that is flooded.
AT_ONCE = 4
#: What follows an opening (presence, a second look at the login) has happened by then.
SETTLE_SECONDS = 2.0
IDLE_SECONDS = 5.0
COUNTED = 20
#: Those who stay and say something while the crowd comes back: how many, and how often.
TALKERS, TALK_SECONDS = 20, 0.5
TALKING_BEFORE_SECONDS = 4.0
MANY = 500


class ServerCosts:
    """CPU of one server and of the services, less what they use by themselves; and what else the machine did."""

    def __init__(self, server: WebProcess) -> None:
        self._server = server
        self._idle: dict[str, float] = {}

    async def learn_idle(self) -> None:
        before = self._used()
        await asyncio.sleep(IDLE_SECONDS)
        self._idle = {part: (used - before[part]) / IDLE_SECONDS for part, used in self._used().items()}

    async def of(self, step: Callable[[], Awaitable[int]]) -> dict[str, float]:
        """Milliseconds for each of the things that the step did."""
        before, began_at = self._used(), time.perf_counter()
        times = await step()
        await asyncio.sleep(SETTLE_SECONDS)
        took = time.perf_counter() - began_at
        return {
            f"{part}_ms": round((used - before[part] - self._idle[part] * took) / times * 1000, 2)
            for part, used in self._used().items()
        }

    def _used(self) -> dict[str, float]:
        web = usage_of(self._server.process.pid).cpu_seconds
        return {"web": web, **services_cpu(DATA)}


@contextmanager
def other_work(servers: Sequence[WebProcess]) -> Iterator[Callable[[], float]]:
    """Cores that neither we nor our servers used, from here on."""

    def used() -> tuple[float, float]:
        times = psutil.cpu_times()
        busy = sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
        ours = sum(server.cpu() for server in servers) + sum(services_cpu(DATA).values()) + time.process_time()
        return busy, ours

    busy, ours = used()
    began_at = time.perf_counter()

    def others() -> float:
        busy_now, ours_now = used()
        return max(0.0, (busy_now - busy - ours_now + ours) / (time.perf_counter() - began_at))

    yield others


async def open_all(people: Sequence[Person], port: int, *, by_session: bool = False) -> list[Comer]:
    """All of them, a few at once."""
    waiting, comers = list(people), []

    async def some() -> None:
        while waiting:
            comers.append(await come(waiting.pop(), port, by_session=by_session))

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return comers


async def openings(figures: ServerCosts, people: Sequence[Person], port: int, **how: bool) -> dict[str, float]:
    comers: list[Comer] = []

    async def step() -> int:
        comers.extend(await open_all(people, port, **how))
        return len(people)

    measured = await figures.of(step)
    for comer in comers:
        comer.abort()
    await asyncio.sleep(SETTLE_SECONDS)
    return measured


async def alone(person: Person, port: int) -> float:
    """Milliseconds from the connection to the answered sync, the best of a few."""
    best = float("inf")
    for _ in range(5):
        began_at = time.perf_counter()
        comer = await come(person, port)
        best = min(best, time.perf_counter() - began_at)
        comer.abort()
        await asyncio.sleep(0.2)
    return round(best * 1000, 1)


async def crowd(people: Sequence[Person], talkers: Sequence[Person], server: WebProcess) -> dict[str, Any]:
    """All are cut off and come back at once, while some go on talking."""
    idle = server.unique_bytes()
    comers = await open_all(people, server.port)
    await asyncio.sleep(SETTLE_SECONDS)
    grown = server.unique_bytes() - idle
    talking = [await come(person, server.port) for person in talkers]
    waits: list[tuple[float, float]] = []
    tasks = [asyncio.ensure_future(talk(comer, number, waits)) for number, comer in enumerate(talking)]
    await asyncio.sleep(TALKING_BEFORE_SECONDS)
    for comer in comers:
        comer.abort()
    cpu, began_at = server.cpu(), time.perf_counter()
    back = await asyncio.gather(*(come_back(person, server.port) for person in people))
    took = time.perf_counter() - began_at
    spent = server.cpu() - cpu
    for task in tasks:
        task.cancel()
    for comer in [*talking, *(comer for comer, _ in back)]:
        comer.abort()
    return {
        "seconds": round(took, 2),
        "web_cpu_seconds": round(spent, 2),
        "sent_away": sum(times for _, times in back),
        "sends_before_ms": quantiles(wait for at, wait in waits if at < began_at),
        "sends_meanwhile_ms": quantiles(wait for at, wait in waits if at >= began_at),
        "kb_a_socket": round(grown / len(people) / 1024, 1),
        "idle_mb": round(idle / 2**20, 1),
    }


async def talk(comer: Comer, number: int, waits: list[tuple[float, float]]) -> None:
    await asyncio.sleep(TALK_SECONDS * number / TALKERS)
    ref = 1
    while True:
        at = time.perf_counter()
        waits.append((at, await comer.say(ref)))
        ref += 1
        await asyncio.sleep(max(0.0, at + TALK_SECONDS - time.perf_counter()))


async def round_trips(checkout: Path, people: Sequence[Person], port: int) -> dict[str, float]:
    """Of each opening, through a door that counts them."""
    services = embedded.Services(DATA)
    door = CountingDoor(Path("/tmp") / f"gapless-door-{os.getpid()}", real=services.sockets)
    await door.open()
    url = f"postgresql://gapless@/gapless?host={door.folder}"
    server = WebProcess(
        port,
        checkout=checkout,
        environment={
            "DATABASE_URL": url,
            "REDIS_URL": services.redis_url,
            "GAPLESS_LIMIT_POSITION_CHECK_SECONDS": "600",
        },
    )
    counted: dict[str, float] = {}
    try:
        await asyncio.to_thread(server.wait_ready)
        for name, by_session in (("token", False), ("session", True)):
            await _counted(door, people, port, by_session=by_session)
            counted[name] = await _counted(door, people, port, by_session=by_session)
    finally:
        server.process.terminate()
        await asyncio.to_thread(server.process.wait, 40)
        door.close()
    return counted


async def _counted(door: CountingDoor, people: Sequence[Person], port: int, *, by_session: bool) -> float:
    before = door.round_trips
    comers = [await come(person, port, by_session=by_session) for person in people]
    during = door.round_trips - before
    for comer in comers:
        comer.abort()
    await asyncio.sleep(1)
    return round(during / len(people), 1)


async def measure(
    options: argparse.Namespace, checkout: Path, port: int, people: Sequence[Person], busy: Person
) -> dict[str, Any]:
    server = WebProcess(port, checkout=checkout)
    talkers, crowded = people[:TALKERS], people[TALKERS:]
    # From many groups, so that few see them come.
    spread = [person for start in range(10) for person in people[start :: len(people) // 10]][: options.openings]
    try:
        await asyncio.to_thread(server.wait_ready)
        figures = ServerCosts(server)
        with other_work([server]) as others:
            thousand = await crowd(crowded, talkers, server)
            await asyncio.sleep(8)
            await figures.learn_idle()
            token = await openings(figures, spread, port)
            session = await openings(figures, spread, port, by_session=True)
            many = await alone(busy, port)
            elsewhere = others()
    finally:
        server.process.terminate()
        await asyncio.to_thread(server.process.wait, 40)
    return {
        "token": token,
        "session": session,
        "round_trips": await round_trips(checkout, people[:COUNTED], port + 1),
        f"hello_with_{MANY}_channels_ms": many,
        f"{len(crowded)}_at_once": thousand,
        "others_used_cores": round(elsewhere, 2),
    }


async def compare(options: argparse.Namespace) -> dict[str, Any]:
    people, busy = await asyncio.to_thread(lay_out, options.people, channels=options.channels, many=MANY)
    figures = {"this": await measure(options, ROOT, PORT, people, busy)}
    if options.against is not None:
        figures["against"] = await measure(options, options.against, PORT + 2, people, busy)
        figures["ratios"] = ratios(figures["this"], figures["against"])
    return figures


def ratios(this: Any, other: Any) -> Any:
    """This one's figures as multiples of the other's."""
    if isinstance(this, dict):
        return {name: ratios(value, other[name]) for name, value in this.items() if name != "others_used_cores"}
    return round(this / other, 2) if this is not None and other else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--channels", type=int, default=20, help="of each person")
    parser.add_argument("--openings", type=int, default=300, help="whose CPU is measured")
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    try:
        call_command("migrate", interactive=False, verbosity=0)
        figures = uvloop.run(compare(options))
    finally:
        embedded.leave(DATA)
    if options.json:
        print(json.dumps(figures))
        return
    for whose, found in figures.items():
        print(whose)
        for name, value in found.items():
            print(f"{name:>28}  {value}")


if __name__ == "__main__":
    main()
