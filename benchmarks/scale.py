"""The load that one core carries, with one, two and four web processes; and 100,000 followed channels on a few sockets.

    python -m benchmarks.scale              minutes, on a machine with nothing else to do; --json for machines

The first table: 100 sockets in one channel, at 100 messages a second and as fast as answers come back. The second: 2,000 people
with 50 channels of 100 members each, that is 100,000 places in 1,000 channels, as many as 100,000 sockets have that follow one.
"What a core carries" is reckoned from the CPU of all that serves (web processes, PostgreSQL, Valkey), not tried.
"""

import argparse
import asyncio
import json
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvloop
from django.core.management import call_command

from benchmarks.fanout import DATA, WebProcess, measure, prepare, services_cpu
from chatproject.embedded import services as embedded
from delivery.load.tally import quantiles

# fanout has set Django up.
from benchmarks.connecting_clients import ConnectingClient, Person, connect, lay_out  # isort: skip

PORT = 18180
PROCESSES = (1, 2, 4)
SOCKETS, SENDERS, RATE, WINDOW, SECONDS = 100, 10, 10.0, 20, 15.0
PEOPLE, CHANNELS = 2_000, 50
#: Openings under way at once in each process, and how long idle sockets are looked at.
AT_ONCE, IDLE_SECONDS = 4, 30.0
SAID, PAUSE_SECONDS = 300, 0.02
PARTS = ("web", "postgresql", "valkey")
OF_DELIVERIES = (
    *("web processes", "messages", "deliveries a second", "web, µs a delivery", "PostgreSQL", "Valkey"),
    *("p50 / p95 / p99 to the last, ms", "one core carries, a second", "idle, MB", "wrong"),
)
OF_PLACES = (
    *("web processes", "places", "an opening, ms of CPU", "openings a second", "KB a socket", "bytes a place"),
    *("cores when nothing happens", "accepted, p50 / p95 ms"),
)


@contextmanager
def serving(count: int) -> Iterator[list[WebProcess]]:
    servers = [WebProcess(PORT + number) for number in range(count)]
    try:
        for server in servers:
            server.wait_ready()
        yield servers
    finally:
        for server in servers:
            server.process.terminate()
        for server in servers:
            server.process.wait(40)


def cpu_of(servers: Sequence[WebProcess]) -> float:
    return sum(server.cpu() for server in servers) + sum(services_cpu(DATA).values())


def deliveries(count: int) -> dict[str, Any]:
    """Measures deliveries with so many processes: at a steady rate, and as fast as possible."""
    found: dict[str, Any] = {"processes": count}
    with serving(count) as servers:
        found["idle_mb"] = round(sum(server.unique_bytes() for server in servers) / 2**20)
        for name, rate in (("paced", RATE), ("flat_out", 0.0)):
            channel, tokens = prepare(SOCKETS)
            options = Namespace(sockets=SOCKETS, senders=SENDERS, rate=rate, window=WINDOW, seconds=SECONDS, kill=False)
            said = uvloop.run(measure(options, channel, tokens, servers))
            spent = {part: said[f"{part}_cpu_seconds"] / said["deliveries"] for part in PARTS}
            found[name] = {
                "deliveries_per_second": said["deliveries_per_second"],
                "latency_ms": said["send_to_last_receiver_ms"],
                "us_a_delivery": {part: round(seconds * 1e6, 1) for part, seconds in spent.items()},
                "a_core_carries": round(1 / sum(spent.values())),
                "wrong": said["lost"] + said["doubled"] + said["gaps"],
            }
    return found


async def places(people: Sequence[Person], servers: Sequence[WebProcess]) -> dict[str, Any]:
    """All sockets connect, a few at once; then they are idle; then some send."""
    empty = sum(server.unique_bytes() for server in servers)
    cpu, began_at = cpu_of(servers), time.perf_counter()
    clients = await _all_in(people, servers)
    opened, took = cpu_of(servers) - cpu, time.perf_counter() - began_at
    await asyncio.sleep(5)
    memory = sum(server.unique_bytes() for server in servers) - empty
    cpu = cpu_of(servers)
    await asyncio.sleep(IDLE_SECONDS)
    idle = cpu_of(servers) - cpu
    waits = []
    for number in range(SAID):
        waits.append(await clients[number * 7 % len(clients)].say(number + 1))
        await asyncio.sleep(PAUSE_SECONDS)
    for client in clients:
        client.abort()
    return {
        "processes": len(servers),
        "places": len(people) * CHANNELS,
        "opening_ms_of_cpu": round(opened / len(people) * 1000, 1),
        "openings_per_second": round(len(people) / took),
        "kb_a_socket": round(memory / len(people) / 1024, 1),
        "bytes_a_place": round(memory / len(people) / CHANNELS),
        "idle_cores": round(idle / IDLE_SECONDS, 3),
        "accepted_ms": quantiles(waits),
    }


async def _all_in(people: Sequence[Person], servers: Sequence[WebProcess]) -> list[ConnectingClient]:
    waiting, clients = list(people), []

    async def some(port: int) -> None:
        while waiting:
            clients.append(await connect(waiting.pop(), port))

    await asyncio.gather(*(some(server.port) for server in servers for _ in range(AT_ONCE)))
    return clients


def shown(found: dict[str, Any]) -> str:
    """Both tables, as docs/sizing.md has them."""
    deliveries = [
        (
            *(row["processes"], "100 a second" if name == "paced" else "flat out"),
            *(f"{row[name]['deliveries_per_second']:,}", *row[name]["us_a_delivery"].values()),
            " / ".join(f"{row[name]['latency_ms'][part]:.0f}" for part in ("p50", "p95", "p99")),
            *(f"{row[name]['a_core_carries']:,}", row["idle_mb"], row[name]["wrong"]),
        )
        for row in found["deliveries"]
        for name in ("paced", "flat_out")
    ]
    places = [
        (
            *(row["processes"], f"{row['places']:,}", row["opening_ms_of_cpu"], row["openings_per_second"]),
            *(row["kb_a_socket"], row["bytes_a_place"], row["idle_cores"]),
            f"{row['accepted_ms']['p50']} / {row['accepted_ms']['p95']}",
        )
        for row in found["places"]
    ]
    return f"{table(OF_DELIVERIES, deliveries)}\n\n{table(OF_PLACES, places)}"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    try:
        call_command("migrate", interactive=False, verbosity=0)
        found: dict[str, Any] = {"deliveries": [deliveries(count) for count in PROCESSES]}
        people, _ = lay_out(PEOPLE, channels=CHANNELS, many=1)
        found["places"] = []
        for count in PROCESSES[:2]:
            with serving(count) as servers:
                found["places"].append(uvloop.run(places(people, servers)))
    finally:
        embedded.leave(DATA)
    print(json.dumps(found) if options.json else shown(found))


if __name__ == "__main__":
    main()
