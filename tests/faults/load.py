"""Sending at a steady rate, and the end of a run: everybody whole, then everything compared."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence

from delivery import tasks
from tests.faults.checker import check
from tests.faults.clients import Client
from tests.faults.cluster import Cluster, Company
from tests.faults.findings import Report
from tests.faults.fleet import Fleet
from tests.faults.history import History
from tests.faults.machine_speed import Metronome
from tests.faults.rows import read_rows
from tests.faults.uploads import read_files

#: Drafts that may wait in one client's outbox: beyond it the load waits too, as people do.
MOST_WAITING = 20


class Load:
    """`async with Load(clients, company, rate=50):` posts unique messages, from clients and to channels at random."""

    def __init__(self, clients: Sequence[Client], company: Company, *, rate: float, seed: int = 0) -> None:
        self._clients = clients
        self._company = company
        self._rate = rate
        self._chance = random.Random(f"{seed} load")
        self.posted = 0
        self.is_paused = False

    async def __aenter__(self) -> "Load":
        self._task = asyncio.ensure_future(self._post_all())
        return self

    async def __aexit__(self, *error: object) -> None:
        await tasks.end([self._task])
        if not self._task.cancelled():
            self._task.result()

    async def _post_all(self) -> None:
        started = time.monotonic()
        while True:
            await asyncio.sleep(max(0.001, started + self.posted / self._rate - time.monotonic()))
            client = self._chance.choice(self._clients)
            channels = self._company.channels_of(client.user)
            if channels and not self.is_paused and client.waiting < MOST_WAITING:
                client.post(self._chance.choice(channels))
            self.posted += 1


@contextlib.asynccontextmanager
async def connected(clients: Sequence[Client], *, within: float = 15) -> AsyncIterator[Fleet]:
    """The clients live, and have all synced at least once."""
    async with Fleet(clients) as fleet:
        await until(lambda: all(client.is_synced for client in clients), within=within, what="everybody has synced")
        yield fleet


async def until(condition: object, *, within: float, what: str, metronome: Metronome | None = None) -> float:
    """Waits until `condition()` holds; returns the seconds that took. Raises AssertionError with `what`.

    metronome: forgives what a busy machine adds.
    """
    started = time.monotonic()
    while not condition():  # type: ignore[operator]
        forgiven = metronome.allowance(started, time.monotonic(), seconds=within) if metronome else 0.0
        assert time.monotonic() - started < within + forgiven, f"not within {within} s (and {forgiven:.1f} s): {what}"
        await asyncio.sleep(0.02)
    return time.monotonic() - started


async def settle(cluster: Cluster, fleet: Fleet, company: Company, *, within: float) -> float | None:
    """Waits until every client that must be whole is: connected, nothing waiting, every head held.

    Returns the seconds that took, or None when it did not come to that.
    """
    started = time.monotonic()
    clients = [client for client in fleet.clients if client.must_be_whole]
    # Who was told not to come back will not.
    while time.monotonic() - started < within and not any(client.has_ended for client in clients):
        if all(client.is_settled for client in clients):
            heads = await asyncio.to_thread(_heads, cluster, company)
            if all(
                client.is_settled and all(heads.get(channel, 0) <= held for channel, held in client.held.items())
                for client in clients
            ):
                return time.monotonic() - started
        await asyncio.sleep(0.1)
    return None


def _heads(cluster: Cluster, company: Company) -> dict[int, int]:
    return dict(
        cluster.services.postgres.run("SELECT id, head FROM channels WHERE id = ANY(%s)", list(company.channels))
    )


async def conclude(
    cluster: Cluster, fleet: Fleet, company: Company, history: History, *, within: float, revoked_seconds: float
) -> Report:
    """Waits for wholeness, notes how every client stands, and has it all checked against the rows."""
    seconds = await settle(cluster, fleet, company, within=within)
    history.extend(client.final() for client in fleet.clients)
    # Who is not whole by now goes on sending: what is accepted from here on is not in the rows that are read.
    told = History(history)
    rows = await asyncio.to_thread(read_rows, cluster.services.postgres, list(company.channels))
    await read_files(cluster, company, told, rows)
    report = check(told, rows, revoked_seconds=revoked_seconds)
    report.settled_seconds = seconds
    if seconds is None:
        report.add(
            "late",
            f"not everybody was whole within {within} s",
            [_state(client) for client in fleet.clients if not client.is_settled],
        )
    return report


def _state(client: Client) -> str:
    return f"{client.name}: synced={client.is_synced} waiting={client.waiting} held={client.held} ended={client.ended_with}"
