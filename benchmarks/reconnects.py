"""Many clients lose their connections at once and reconnect: how long messages wait meanwhile, of the others and of those back."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.connecting_clients import ConnectingClient, Person, connect, reconnect
from benchmarks.fanout import DATA, WebProcess, services_cpu
from delivery.load.tally import quantiles

#: Those who stay and say something while the crowd comes back: how many, and how often.
TALKERS, TALK_SECONDS = 20, 0.5
TALKING_BEFORE_SECONDS = 4.0
#: Of those who come back one in so many says something at once.
TALKATIVE = 10
#: What follows (presence, a second look at the logins) has happened by then, and what is said waits for nobody any more.
SETTLE_SECONDS = 2.0


@dataclass
class Waits:
    """Seconds until something was accepted, each with when it was said."""

    of_talkers: list[tuple[float, float]] = field(default_factory=list)
    of_returned: list[tuple[float, float]] = field(default_factory=list)


async def reconnect_all(
    people: Sequence[Person],
    talkers: Sequence[Person],
    server: WebProcess,
    open_all: Callable[[Sequence[Person], int], Awaitable[list[ConnectingClient]]],
) -> dict[str, Any]:
    """All clients connect, lose their connections at one moment and reconnect as clients do; `talkers` stay and send."""
    grown = -server.unique_bytes()
    clients = await open_all(people, server.port)
    await asyncio.sleep(SETTLE_SECONDS)
    grown += server.unique_bytes()
    talking, waits = [await connect(person, server.port) for person in talkers], Waits()
    tasks = [asyncio.ensure_future(_talk(client, number, waits.of_talkers)) for number, client in enumerate(talking)]
    await asyncio.sleep(TALKING_BEFORE_SECONDS)
    cut_at = time.perf_counter()
    for client in clients:
        client.abort()
    found, back = await _measured(people, server, waits)
    await asyncio.sleep(SETTLE_SECONDS)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in [*talking, *back]:
        client.abort()
    return {**found, **_said(waits, since=cut_at), "kb_a_socket": round(grown / len(people) / 1024, 1)}


async def _measured(
    people: Sequence[Person], server: WebProcess, waits: Waits
) -> tuple[dict[str, Any], list[ConnectingClient]]:
    cpu, beside, mine, began_at = server.cpu(), services_cpu(DATA), time.process_time(), time.perf_counter()
    back = await asyncio.gather(*(_return(person, place, server.port, waits) for place, person in enumerate(people)))
    found = {
        "seconds": round(time.perf_counter() - began_at, 2),
        "web_cpu_seconds": round(server.cpu() - cpu, 2),
        **{f"{part}_cpu_seconds": round(used - beside[part], 2) for part, used in services_cpu(DATA).items()},
        "clients_cpu_seconds": round(time.process_time() - mine, 2),
        "sent_away": sum(times for _, times, _ in back),
        "away_ms": quantiles(seconds for _, _, seconds in back),
    }
    return found, [client for client, _, _ in back]


async def _return(person: Person, place: int, port: int, waits: Waits) -> tuple[ConnectingClient, int, float]:
    began_at = time.perf_counter()
    client, sent_away = await reconnect(person, port)
    seconds = time.perf_counter() - began_at
    if place % TALKATIVE == 0:
        await _say(client, 1, waits.of_returned)
    return client, sent_away, seconds


async def _talk(client: ConnectingClient, number: int, waits: list[tuple[float, float]]) -> None:
    await asyncio.sleep(TALK_SECONDS * number / TALKERS)
    ref = 1
    while True:
        at = time.perf_counter()
        await _say(client, ref, waits)
        ref += 1
        await asyncio.sleep(max(0.0, at + TALK_SECONDS - time.perf_counter()))


async def _say(client: ConnectingClient, ref: int, waits: list[tuple[float, float]]) -> None:
    began_at = time.perf_counter()
    try:
        await client.say(ref)
    finally:
        # What is not accepted by the end has waited for so long at least.
        waits.append((began_at, time.perf_counter() - began_at))


def _said(waits: Waits, *, since: float) -> dict[str, Any]:
    return {
        "sends_before_ms": quantiles(wait for at, wait in waits.of_talkers if at < since),
        "sends_meanwhile_ms": quantiles(wait for at, wait in waits.of_talkers if at >= since),
        "sends_of_the_returned_ms": quantiles(wait for _, wait in waits.of_returned),
    }
