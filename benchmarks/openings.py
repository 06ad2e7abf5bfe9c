"""The cost of opening a socket: the handshake, `hello`, and the sync of a client that holds everything.

    python -m benchmarks.openings                        this checkout: a minute or two
    python -m benchmarks.openings --against ../before    the same of another one in turn, and ratios
    python -m benchmarks.openings --only crowds          or costs, or trips

CPU of the web process and of the services an opening (by token, by session, with many channels), round trips to PostgreSQL, how
long a thousand and two thousand take that come back at once and what sends wait meanwhile, memory. Each server is one web process
over the data folder of the benchmarks (.data/bench). Compare figures only within one run.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import django
import uvloop
from django.core.management import call_command

from benchmarks.fanout import DATA, ROOT, WebProcess, services_cpu
from benchmarks.machine import machine
from benchmarks.roundtrips import CountingDoor
from chatproject.embedded import services as embedded
from delivery.load.processes import usage_of

django.setup()

from benchmarks.connecting_clients import ConnectingClient, Person, connect, lay_out  # noqa: E402 (Django comes first)
from benchmarks.reconnects import TALKERS, reconnect_all  # noqa: E402

PORT = 18120
#: Openings under way at once where CPU is measured: a process that is busy, not one that is flooded.
AT_ONCE = 4
#: What follows an opening (presence, a second look at the login) has happened by then.
SETTLE_SECONDS = 2.0
IDLE_SECONDS = 5.0
COUNTED = 20
PARTS = ("crowds", "costs", "trips")
#: So many are cut off at once.
CROWDS = (980, 2000)
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


async def open_all(people: Sequence[Person], port: int, *, by_session: bool = False) -> list[ConnectingClient]:
    """Connects all clients, a few at once."""
    waiting, clients = list(people), []

    async def some() -> None:
        while waiting:
            clients.append(await connect(waiting.pop(), port, by_session=by_session))

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return clients


async def openings(figures: ServerCosts, people: Sequence[Person], port: int, **how: bool) -> dict[str, float]:
    clients: list[ConnectingClient] = []

    async def step() -> int:
        clients.extend(await open_all(people, port, **how))
        return len(people)

    measured = await figures.of(step)
    for client in clients:
        client.abort()
    await asyncio.sleep(SETTLE_SECONDS)
    return measured


async def alone(person: Person, port: int) -> float:
    """Milliseconds from the connection to the answered sync, the best of a few."""
    best = float("inf")
    for _ in range(5):
        began_at = time.perf_counter()
        client = await connect(person, port)
        best = min(best, time.perf_counter() - began_at)
        client.abort()
        await asyncio.sleep(0.2)
    return round(best * 1000, 1)


async def round_trips(checkout: Path, people: Sequence[Person], port: int) -> dict[str, float]:
    """The round trips to PostgreSQL of each opening, counted by a proxy."""
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
    clients = [await connect(person, port, by_session=by_session) for person in people]
    during = door.round_trips - before
    for client in clients:
        client.abort()
    await asyncio.sleep(1)
    return round(during / len(people), 1)


async def measure(
    options: argparse.Namespace, checkout: Path, port: int, people: Sequence[Person], busy: Person
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    server = WebProcess(port, checkout=checkout)
    try:
        await asyncio.to_thread(server.wait_ready)
        with machine([server]) as elsewhere:
            if options.only in (None, "crowds"):
                found["idle_mb"] = round(server.unique_bytes() / 2**20, 1)
                found |= await crowds(people, server)
            if options.only in (None, "costs"):
                found |= await costs(options, people, busy, server)
            found["machine"] = elsewhere()
    finally:
        server.process.terminate()
        await asyncio.to_thread(server.process.wait, 40)
    if options.only in (None, "trips"):
        found["round_trips"] = await round_trips(checkout, people[:COUNTED], port + 1)
    return found


async def crowds(people: Sequence[Person], server: WebProcess) -> dict[str, Any]:
    talkers, crowded = people[:TALKERS], people[TALKERS:]
    found = {}
    for count in CROWDS:
        found[f"{count}_at_once"] = await reconnect_all(crowded[:count], talkers, server, open_all)
        await asyncio.sleep(SETTLE_SECONDS)
    return found


async def costs(
    options: argparse.Namespace, people: Sequence[Person], busy: Person, server: WebProcess
) -> dict[str, Any]:
    # From many groups, so that few see them come.
    spread = [person for start in range(10) for person in people[start :: len(people) // 10]][: options.openings]
    figures = ServerCosts(server)
    await asyncio.sleep(8)
    await figures.learn_idle()
    return {
        "token": await openings(figures, spread, server.port),
        "session": await openings(figures, spread, server.port, by_session=True),
        f"hello_with_{MANY}_channels_ms": await alone(busy, server.port),
    }


async def compare(options: argparse.Namespace) -> dict[str, Any]:
    people, busy = await asyncio.to_thread(lay_out, TALKERS + max(CROWDS), channels=options.channels, many=MANY)
    figures = {"this": await measure(options, ROOT, PORT, people, busy)}
    if options.against is not None:
        figures["against"] = await measure(options, options.against, PORT + 2, people, busy)
        figures["ratios"] = ratios(figures["this"], figures["against"])
    return figures


def ratios(this: Any, other: Any) -> Any:
    """This one's figures as multiples of the other's."""
    if isinstance(this, dict):
        return {name: ratios(value, other[name]) for name, value in this.items() if name != "machine"}
    return round(this / other, 2) if this is not None and other else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=20, help="of each person")
    parser.add_argument("--openings", type=int, default=300, help="whose CPU is measured")
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--only", choices=PARTS)
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
