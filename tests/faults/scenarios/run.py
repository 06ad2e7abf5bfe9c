"""One scenario's run: its people, its clients, its load, its faults, and the bounds that it must keep."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults import cluster as clusters
from tests.faults.checker import Report
from tests.faults.clients import Client, Habits
from tests.faults.cluster import Cluster, Company, Web
from tests.faults.fleet import Fleet
from tests.faults.history import History
from tests.faults.load import Load, conclude, connected, until
from tests.faults.recovery import Recovery
from tests.faults.services import Postgres


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything; seconds where it is time."""

    people: int
    devices: int
    channels: int
    members: int
    rate: float
    lead: float
    fault: float
    #: Long enough for either side to notice that the other is silent: a client, or a process without its echo.
    notice: float
    habits: Habits
    is_long: bool = False
    #: For everybody to be whole after the load has ended.
    settle: float = 15


SHORT = Size(
    people=10, devices=1, channels=3, members=6, rate=30, lead=0.3, fault=1, settle=10, notice=2.7,
    habits=Habits(ping=0.7, silence=2.2),
)  # fmt: skip
LONG = Size(
    people=100, devices=2, channels=20, members=20, rate=50, lead=5, fault=10, notice=15, is_long=True, settle=30,
    habits=Habits(),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Seconds that each recovery of the scenario must keep (see Recovery); None: not promised."""

    first_ok: float | None = None
    caught_up: float | None = None
    back: float | None = None
    slowest: float | None = None
    answer: float | None = None


Play = Callable[["Run"], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`breaks`: the broken builds that it must notice (tests.faults.broken)."""

    name: str
    play: Play
    family: str
    bounds: Bounds
    breaks: tuple[str, ...] = ()
    #: Touches only its own people, channels and clients: may be played beside others.
    is_gentle: bool = False


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    family: str, *, breaks: Sequence[str] = (), is_gentle: bool = False, **bounds: float
) -> Callable[[Play], Play]:
    """Enters a function among the scenarios, under its own name with spaces."""

    def enter(play: Play) -> Play:
        name = play.__name__.replace("_", " ")
        SCENARIOS[name] = Scenario(
            name=name, play=play, family=family, bounds=Bounds(**bounds), breaks=tuple(breaks), is_gentle=is_gentle
        )
        return play

    return enter


@dataclass(kw_only=True)
class Run:
    cluster: Cluster
    size: Size
    company: Company
    history: History
    fleet: Fleet
    load: Load
    chance: random.Random
    name: str
    #: What the scenario itself saw to be wrong: (kind, sentence, evidence).
    complaints: list[tuple[str, str, list[Any]]] = field(default_factory=list)

    @property
    def webs(self) -> list[Web]:
        return self.cluster.webs

    @property
    def clients(self) -> list[Client]:
        return self.fleet.clients

    def clients_at(self, web: Web) -> list[Client]:
        """Those that are connected to this web process now."""
        return [client for client in self.clients if client.is_synced and client.doors[client.door].name == web.name]

    def fault(self, target: str) -> Any:
        """The time of a fault, noted in the history."""
        return clusters.fault(self.history, self.name, target)

    async def hold(self, seconds: float | None = None) -> None:
        """The fault's time passes, with the load going on."""
        await asyncio.sleep(self.size.fault if seconds is None else seconds)

    def is_level(self) -> bool:
        """Everybody who is connected holds as much of each channel as anybody does, and nothing is under way."""
        most: dict[int, int] = {}
        for client in self.clients:
            for channel, head in client.held.items():
                most[channel] = max(head, most.get(channel, 0))
        return all(
            not client.waiting and all(head == most[channel] for channel, head in client.held.items())
            for client in self.clients
            if client.is_synced
        )

    @property
    def revoked_seconds(self) -> float:
        """After so long a login that has ended hears nothing: the product's check, and a second for the way."""
        return self.cluster.limits.get("login_check_seconds", 30) + 1

    def poison(self, action: str) -> Poison:
        return Poison(self.cluster.services.postgres, action)

    async def until(self, condition: Callable[[], object], *, within: float, what: str) -> None:
        await until(condition, within=within, what=what)

    def complain(self, kind: str, sentence: str, *evidence: Any) -> None:
        self.complaints.append((kind, sentence, list(evidence)))

    def expect_within(self, seconds: float, most: float, what: str) -> None:
        if seconds > most:
            self.complain("late", f"{what} took {seconds:.1f} s, at most {most} s are promised")

    def newcomer(self, user: int, *, device: int, habits: Habits | None = None) -> Client:
        """One more device of somebody; it comes in at once."""
        client = self.cluster.client(self.company, user, self.history, device=device, habits=habits)
        self.fleet.add(client)
        return client


class Poison:
    """While it lasts, inserting a message whose body begins with "poison" does `action` (PL/pgSQL) in the database."""

    def __init__(self, postgres: Postgres, action: str) -> None:
        self._postgres = postgres
        self._action = action

    async def __aenter__(self) -> None:
        await asyncio.to_thread(
            self._postgres.run,
            "CREATE OR REPLACE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.body LIKE 'poison%' THEN {self._action}; END IF; RETURN NEW; END $$",
        )
        await asyncio.to_thread(
            self._postgres.run,
            "CREATE TRIGGER poison BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION poison()",
        )

    async def __aexit__(self, *error: object) -> None:
        await asyncio.to_thread(self._postgres.run, "DROP TRIGGER poison ON messages")


async def perform(cluster: Cluster, chosen: Scenario, size: Size, *, seed: int = 0) -> tuple[Report, History]:
    """Plays one scenario on a sound cluster, and leaves it sound. The report has the bounds' breaches as `late`."""
    history = History()
    company = await cluster.company(people=size.people, channels=size.channels, members=size.members)
    clients = [
        cluster.client(company, user, history, device=device, habits=size.habits)
        for user in company.users
        for device in range(size.devices)
    ]
    try:
        async with connected(clients, within=30) as fleet:
            load = Load(list(clients), company, rate=size.rate, seed=seed)
            run = Run(
                cluster=cluster, size=size, company=company, history=history, fleet=fleet, load=load, name=chosen.name,
                chance=random.Random(f"{seed} {chosen.name}"),
            )  # fmt: skip
            await _play(run, chosen)
            if not chosen.is_gentle:
                await cluster.mend()
            report = await conclude(
                cluster, fleet, company, history, within=size.settle, revoked_seconds=run.revoked_seconds
            )
    finally:
        if not chosen.is_gentle:
            await cluster.mend()
    for kind, sentence, evidence in run.complaints:
        report.add(kind, sentence, evidence)
    _check_bounds(report, chosen.bounds)
    return report, history


async def _play(run: Run, chosen: Scenario) -> None:
    async with run.load:
        await asyncio.sleep(run.size.lead)
        try:
            await chosen.play(run)
        except* AssertionError as errors:
            run.complain("late", str(errors.exceptions[0]) or repr(errors))
        await asyncio.sleep(run.size.lead)


def _check_bounds(report: Report, bounds: Bounds) -> None:
    for recovery in report.recoveries:
        for name in ("first_ok", "caught_up", "back", "slowest", "answer"):
            most, seconds = getattr(bounds, name), getattr(recovery, name)
            if most is not None and seconds is not None and seconds > most:
                report.add(
                    "late",
                    f"{name} after {recovery.target}: {seconds:.1f} s, at most {most} s are promised",
                    [recovery],
                )


@contextlib.asynccontextmanager
async def timed() -> AsyncIterator[list[float]]:
    """The list has the seconds that the block took, once it is over."""
    started = time.monotonic()
    seconds: list[float] = []
    yield seconds
    seconds.append(time.monotonic() - started)


__all__ = [
    "LONG",
    "SCENARIOS",
    "SHORT",
    "Bounds",
    "Recovery",
    "Run",
    "Scenario",
    "Size",
    "perform",
    "scenario",
    "timed",
]
