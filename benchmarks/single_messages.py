"""The cost of a single message, and of many at once: 100 members in a channel, 100 bytes a message.

    python -m benchmarks.single_messages                        this checkout, a minute, one web process
    python -m benchmarks.single_messages --against ../before    another one in turn over the same services, and ratios
    python -m benchmarks.single_messages --processes 1,2        the members on one web process, and spread over two, in turn

10 and 100 messages a second, and as fast as they are answered: CPU a delivery (web processes; PostgreSQL and Valkey; all of these),
p50 and p99 to the last receiver. Messages are counted against an allowance, as in production. Compare figures only within one run.
"""

import argparse
import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import uvloop

from benchmarks.fanout import DATA, WebProcess, measure, prepare, side_by_side
from benchmarks.machine import machine
from chatproject.embedded import services as embedded

PORT = 18140
SOCKETS, SENDERS, WINDOW = 100, 10, 20
#: Messages a second of each sender; 0: as fast as they are answered.
ROWS = {"10 a second": 1.0, "100 a second": 10.0, "flat out": 0.0}
#: So high that nobody reaches it.
COUNTED = {"GAPLESS_LIMIT_MESSAGES_PER_MINUTE": "1000000"}
PAUSE_SECONDS = 1


async def row(
    rate: float, seconds: float, servers: list[WebProcess], channel: int, tokens: list[str]
) -> dict[str, Any]:
    options = argparse.Namespace(
        sockets=SOCKETS, senders=SENDERS, rate=rate, window=WINDOW, seconds=seconds, kill=False
    )
    found = await measure(options, channel, tokens, servers)
    services = found["postgresql_cpu_seconds"] + found["valkey_cpu_seconds"]
    await asyncio.sleep(PAUSE_SECONDS)
    return {
        "web_us": found["web_cpu_us_per_delivery"],
        "services_us": round(services / max(1, found["deliveries"]) * 1e6, 1),
        "all_us": round((found["web_cpu_seconds"] + services) / max(1, found["deliveries"]) * 1e6, 2),
        "p50_ms": found["send_to_last_receiver_ms"]["p50"],
        "p99_ms": found["send_to_last_receiver_ms"]["p99"],
        "deliveries_per_second": found["deliveries_per_second"],
        "wrong": found["lost"] + found["doubled"] + found["disordered"] + found["gaps"],
    }


async def compare(
    options: argparse.Namespace, channel: int, tokens: list[str], servers: dict[str, list[WebProcess]]
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    turns = [(whose, count) for count in options.processes for whose in servers]
    with machine([server for each in servers.values() for server in each]) as elsewhere:
        for name, rate in ROWS.items():
            # In turn, so that what the machine does besides meets all.
            rounds = [
                {
                    (whose, count): await row(rate, options.seconds, servers[whose][:count], channel, tokens)
                    for whose, count in turns
                }
                for _ in range(options.rounds)
            ]
            found = {turn: best([each[turn] for each in rounds]) for turn in turns}
            figures |= shown_by_count(name, found, options.processes, list(servers))
        figures["machine"] = elsewhere()
    return figures


def shown_by_count(
    name: str, found: dict[tuple[str, int], dict[str, Any]], counts: list[int], whose: list[str]
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for count in counts:
        line = figures[name if count == 1 else f"{name}, {count} processes"] = {who: found[who, count] for who in whose}
        if len(whose) > 1:
            line["ratios"] = ratios(found["this", count], found["against", count])
        if count != counts[0]:
            line["to_fewer"] = {who: ratios(found[who, count], found[who, counts[0]])["all_us"] for who in whose}
    return figures


def best(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """For each figure the round that other work disturbed least; errors of any round stay."""
    most: dict[str, Callable[..., Any]] = {"deliveries_per_second": max, "wrong": sum}
    return {name: most.get(name, min)(each[name] for each in rounds) for name in rounds[0]}


def ratios(this: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """This one's figures as multiples of the other's."""
    return {name: round(value / other[name], 2) for name, value in this.items() if other[name]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--processes", type=counts, default=[1], help="over how many the members are spread: 1,2")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    django.setup()
    # First: it makes the tables that the servers ask for.
    channel, tokens = prepare(SOCKETS)
    try:
        with contextlib.ExitStack() as stack:
            each = [
                stack.enter_context(side_by_side(options.against, PORT + 2 * place, COUNTED))
                for place in range(max(options.processes))
            ]
            servers = {whose: [pair[whose] for pair in each] for whose in each[0]}
            figures = uvloop.run(compare(options, channel, tokens, servers))
    finally:
        embedded.leave(DATA)
    print(json.dumps(figures) if options.json else shown(figures))


def counts(said: str) -> list[int]:
    return [int(count) for count in said.split(",")]


def shown(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name:>20}  {value}" for name, value in figures.items())


if __name__ == "__main__":
    main()
