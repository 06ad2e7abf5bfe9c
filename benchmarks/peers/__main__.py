"""Gapless beside Socket.IO (Redis adapter, PostgreSQL insert) and the chat of the Channels tutorial, in turn in one run.

    python -m benchmarks.peers                 two minutes
    python -m benchmarks.peers --only Gapless --only Socket.IO --seconds 8
    python -m benchmarks.peers --plot docs/peers.svg

A hundred sockets in one channel, bodies of 100 bytes, one process each over the same services, and the same client: CPU of the
process and of PostgreSQL and Valkey a delivery, p50 and p99 to the last receiver, what a connection costs. The tutorial keeps
nothing and acknowledges nothing. Who falls behind is asked for no more. Compare figures only within one run.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import Any

import django
import uvloop

from benchmarks.fanout import DATA, WebProcess, prepare, services_cpu
from benchmarks.machine import machine
from benchmarks.peers.plot import plotted
from benchmarks.peers.servers import Peer, peers
from benchmarks.peers.talking import Talker, Tally, all_come_in
from benchmarks.receivers import without_pauses
from chatproject.embedded import services as embedded
from delivery.load.tally import quantiles

PORT = 18180
#: Those who listen, those of them who talk, and those who only come in, so that it is known what that costs.
SOCKETS, TALKERS, COMERS = 100, 10, 200
#: Messages a second of each talker; 0: as fast as they are answered, so many unanswered at a time.
ROWS = {"10 a second": 1.0, "100 a second": 10.0, "flat out": 0.0}
WINDOW = 20
SETTLE_SECONDS, MOST_BEHIND_SECONDS = 1.0, 12.0


async def measure(peer: Peer, server: WebProcess, seconds: float) -> dict[str, Any]:
    figures: dict[str, Any] = {"coming in": await coming_in(peer, server)}
    talkers = await all_come_in(peer.logins[:SOCKETS], server.port, speaking=peer.speaking)
    await asyncio.sleep(SETTLE_SECONDS)
    for name, rate in ROWS.items():
        figures[name] = await row(talkers, server, rate, seconds)
        if figures[name]["not_heard_by_all"]:
            # What it still has to send would be in the next row.
            break
    for talker in talkers:
        talker.abort()
    return figures


async def coming_in(peer: Peer, server: WebProcess) -> dict[str, float]:
    logins = [peer.logins[place % len(peer.logins)] for place in range(COMERS)]
    memory, cpu, began_at = server.unique_bytes(), server.cpu(), time.perf_counter()
    clients = await all_come_in(logins, server.port, speaking=peer.speaking)
    took = time.perf_counter() - began_at
    await asyncio.sleep(SETTLE_SECONDS)
    found = {
        "a_second": round(COMERS / took),
        "web_ms": round((server.cpu() - cpu) / COMERS * 1000, 2),
        "kb_a_socket": round((server.unique_bytes() - memory) / COMERS / 1024, 1),
    }
    for client in clients:
        client.abort()
    await asyncio.sleep(SETTLE_SECONDS)
    return found


async def row(talkers: list[Talker], server: WebProcess, rate: float, seconds: float) -> dict[str, Any]:
    tally = Tally()
    for talker in talkers:
        talker.tally = tally
    cpu, beside, began_at = server.cpu(), services_cpu(DATA), time.perf_counter()
    until = began_at + seconds
    with without_pauses():
        await asyncio.gather(*(each.talk(rate=rate, until=until, window=WINDOW) for each in talkers[:TALKERS]))
        took = time.perf_counter() - began_at
        await settle(tally, everybody=len(talkers))
    web, services = server.cpu() - cpu, sum(services_cpu(DATA).values()) - sum(beside.values())
    times = quantiles(tally.last_heard(by=len(talkers)))
    return {
        "deliveries_a_second": round(tally.deliveries / took),
        "web_us": round(web / max(1, tally.deliveries) * 1e6, 1),
        "services_us": round(services / max(1, tally.deliveries) * 1e6, 1),
        "p50_ms": times["p50"],
        "p99_ms": times["p99"],
        "not_heard_by_all": len(tally.said) - len(tally.last_heard(by=len(talkers))),
    }


async def settle(tally: Tally, *, everybody: int) -> None:
    """Waits until all sockets have all messages, or no more arrive; gives up sockets that are far behind."""
    until, before = time.perf_counter() + MOST_BEHIND_SECONDS, -1
    while time.perf_counter() < until and before < tally.deliveries < len(tally.said) * everybody:
        before = tally.deliveries
        await asyncio.sleep(SETTLE_SECONDS)


def ratios(figures: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Gapless' figures as multiples of the other's."""
    return {
        name: {
            part: round(value / other[name][part], 2)
            for part, value in row.items()
            if value is not None and other[name][part] and part != "not_heard_by_all"
        }
        for name, row in figures.items()
        if name != "machine" and name in other
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    channel, tokens = prepare(SOCKETS)
    found: dict[str, Any] = {}
    for place, peer in enumerate(peers(embedded.Services(DATA), channel=channel, tokens=tokens, is_all=options.all)):
        if options.only and peer.name not in options.only:
            continue
        server = peer.start(PORT + place)
        try:
            server.wait_ready()
            with machine([server]) as elsewhere:
                found[peer.name] = uvloop.run(measure(peer, server, options.seconds))
                found[peer.name]["machine"] = elsewhere()
        finally:
            server.process.terminate()
            server.process.wait(40)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2, help="of each row")
    parser.add_argument("--all", action="store_true", help="the tutorial over each layer by each server: a minute more")
    parser.add_argument("--only", action="append", help="a peer's name")
    parser.add_argument("--plot", type=Path, help="where to draw CPU a delivery, as SVG")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    try:
        django.setup()
        found = run(options)
    finally:
        embedded.leave(DATA)
    ours = found.get("Gapless")
    answer = {
        "figures": found,
        "ratios": {name: ratios(ours, each) for name, each in found.items() if name != "Gapless"} if ours else {},
    }
    if options.plot is not None:
        options.plot.write_text(
            plotted({name: {row: each[row] for row in ROWS if row in each} for name, each in found.items()})
        )
    print(json.dumps(answer) if options.json else shown(answer))


def shown(answer: dict[str, Any]) -> str:
    lines = []
    for part, found in answer.items():
        for name, rows in found.items():
            lines.append(f"{part}: {'Gapless to ' if part == 'ratios' else ''}{name}")
            lines += [f"{row:>20}  {value}" for row, value in rows.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
