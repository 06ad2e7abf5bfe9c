"""One scenario's run: its people, its clients, its load, its faults, and the bounds that it must keep."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from delivery import tasks
from tests.faults import cluster as clusters
from tests.faults.clients import Client
from tests.faults.cluster import Cluster, Company
from tests.faults.fleet import Fleet
from tests.faults.habits import Habits
from tests.faults.history import History
from tests.faults.load import Load, until
from tests.faults.scenarios.sizes import Bounds, Size
from tests.faults.services import Postgres
from tests.faults.web import Web

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

    async def one_at(self, web: Web) -> Client:
        """Somebody who is connected to this web process; where nobody is, one of the others is sent there."""
        if not self.clients_at(web):
            place = self.webs.index(web)
            most = max(self.webs, key=lambda web: len(self.clients_at(web)))
            moved = next(client for client in self.clients_at(most) if len(client.doors) == len(self.webs))
            # Each comes back at the next door.
            moved.door = place - 1
            moved.drop()
        await self.until(lambda: self.clients_at(web), what=f"somebody is at {web.name}")
        return self.clients_at(web)[0]

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

    async def until(self, condition: Callable[[], object], *, what: str, within: float | None = None) -> None:
        """Waits until it holds; `within`: seconds that the product promises, else the harness' patience."""
        seconds = self.size.patience if within is None else within
        await until(condition, within=seconds, what=what, metronome=self.fleet.metronome)

    async def until_shown(
        self, look: Callable[[], Awaitable[object]], expected: object, *, within: float | None = None
    ) -> None:
        """Looks again and again until it is as expected; see `until`."""
        seen: list[object] = []

        async def keep_looking() -> None:
            while True:
                with contextlib.suppress(OSError, TimeoutError, ValueError):
                    seen[:] = [await look()]
                await asyncio.sleep(0.2)

        looking = asyncio.ensure_future(keep_looking())
        try:
            await self.until(lambda: seen == [expected], within=within, what=f"{expected} is seen")
        finally:
            await tasks.end([looking])

    def complain(self, kind: str, sentence: str, *evidence: Any) -> None:
        self.complaints.append((kind, sentence, list(evidence)))

    def expect_within(self, seconds: float, most: float, what: str) -> None:
        forgiven = self.fleet.metronome.allowance(time.monotonic() - seconds, time.monotonic(), seconds=most)
        if seconds > most + forgiven:
            self.complain("late", f"{what} took {seconds:.1f} s, at most {most} s are promised (and {forgiven:.1f} s)")

    def newcomer(
        self, user: int, *, device: int, habits: Habits | None = None, webs: Sequence[Web] = (), session: str = ""
    ) -> Client:
        """One more device of somebody; it comes in at once."""
        client = self.cluster.client(
            self.company,
            user,
            self.history,
            device=device,
            habits=habits or self.size.habits,
            webs=webs,
            session=session,
        )
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


@contextlib.asynccontextmanager
async def timed() -> AsyncIterator[list[float]]:
    """The list has the seconds that the block took, once it is over."""
    started = time.monotonic()
    seconds: list[float] = []
    yield seconds
    seconds.append(time.monotonic() - started)
