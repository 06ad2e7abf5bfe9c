"""The cost of pages of history and searches among a million messages, and how much they slow messages meanwhile.

    python -m benchmarks.http                       fills a data folder the first time (four minutes), then three minutes
    python -m benchmarks.http --only searches       or pages, or beside
    python -m benchmarks.http --against ../before   another checkout in turn over the same services, and ratios

CPU a request of the web process, of PostgreSQL and of Valkey apart, p50 and p95; one request after another. Beside: sends while
others read, and while one person asks as fast as they can. Compare figures only within one run.
"""

import argparse
import asyncio
import json
import random
from pathlib import Path
from typing import Any

import django
import uvloop

from benchmarks.fanout import DATA, WebProcess, services_cpu, side_by_side
from benchmarks.http_client import HttpClient
from benchmarks.http_requests import PAGES, SEARCHES, Kind
from benchmarks.machine import machine
from benchmarks.openings import ratios
from chatproject.embedded import services as embedded
from delivery.load.tally import quantiles

django.setup()

from benchmarks.filled_channels import Reader, lay_out  # noqa: E402
from benchmarks.read_load import gather, sends_under_load  # noqa: E402 (Django comes first)

PORT = 18160
#: Whose times and CPU are measured, after some that warm up.
REQUESTS, WARMING = 40, 4
#: As many of a page, which costs little beside the clock's ticks.
PAGE_REQUESTS = 200
IDLE_SECONDS = 5.0
GROUPS: dict[str, list[Kind]] = {"pages": PAGES, "searches": SEARCHES}


class Costs:
    """CPU seconds of one server and of the services, less what they use by themselves."""

    def __init__(self, server: WebProcess) -> None:
        self._server = server
        self._idle: dict[str, float] = {}

    async def learn_idle(self) -> None:
        before = self.used()
        await asyncio.sleep(IDLE_SECONDS)
        self._idle = {part: (used - before[part]) / IDLE_SECONDS for part, used in self.used().items()}

    def used(self) -> dict[str, float]:
        return {"web": self._server.cpu(), **services_cpu(DATA)}

    def since(self, before: dict[str, float], *, took: float, times: int) -> dict[str, float]:
        """Milliseconds of each for each of so many requests."""
        now = self.used()
        return {
            f"{part}_ms": round(max(0.0, now[part] - before[part] - self._idle[part] * took) / times * 1000, 2)
            for part in now
        }


async def row(kind: Kind, reader: Reader, server: WebProcess, costs: Costs, *, count: int) -> dict[str, Any]:
    client, chance = HttpClient(server.port, reader.token), random.Random(kind.name)
    await client.open()
    for _ in range(WARMING):
        path, query = kind.ask(chance, reader)
        await client.ask(path, **query)
    client.answered.seconds.clear()
    before = costs.used()
    for _ in range(count):
        path, query = kind.ask(chance, reader)
        await client.ask(path, **query)
    client.close()
    waits = client.answered.seconds
    times = quantiles(waits)
    return {
        **costs.since(before, took=sum(waits), times=count),
        "p50_ms": times["p50"],
        "p95_ms": times["p95"],
        "most_ms": kind.most_ms,
        "refused": client.answered.refused,
    }


async def measure(options: argparse.Namespace, servers: dict[str, WebProcess], readers: dict[str, Reader]) -> Any:
    costs = {whose: Costs(server) for whose, server in servers.items()}
    for each in costs.values():
        await each.learn_idle()
    figures: dict[str, Any] = {}
    with machine(list(servers.values())) as elsewhere:
        for group, kinds in GROUPS.items():
            count = PAGE_REQUESTS if kinds is PAGES else REQUESTS
            for kind in kinds if options.only in (None, group) else []:
                # In turn, so that what the machine does besides meets both.
                figures[kind.name] = compared(
                    {
                        whose: await row(kind, readers[kind.whose], server, costs[whose], count=count)
                        for whose, server in servers.items()
                    }
                )
        if options.only in (None, "beside"):
            for whose, server in servers.items():
                figures[f"beside, {whose}"] = await sends_under_load(
                    await asyncio.to_thread(gather, readers["all"], server)
                )
        figures["machine"] = elsewhere()
    return figures


def compared(rows: dict[str, Any]) -> dict[str, Any]:
    if "against" in rows:
        rows["ratios"] = ratios(rows["this"], rows["against"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000, help="in the largest channel")
    parser.add_argument("--only", choices=[*GROUPS, "beside"])
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    try:
        readers = lay_out(options.messages)
        with side_by_side(options.against, PORT) as servers:
            figures = uvloop.run(measure(options, servers, readers))
    finally:
        embedded.leave(DATA)
    print(json.dumps(figures) if options.json else shown(figures))


def shown(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name:>44}  {value}" for name, value in figures.items())


if __name__ == "__main__":
    main()
