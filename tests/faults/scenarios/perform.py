"""Plays one scenario from its people's first connection to its report; whatever happens, it comes to an end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from types import CoroutineType
from typing import Any

from delivery import tasks
from tests.faults.cluster import Cluster
from tests.faults.findings import Report
from tests.faults.history import History
from tests.faults.load import Load, conclude, connected
from tests.faults.machine_speed import Metronome
from tests.faults.scenarios.run import Run, Scenario
from tests.faults.scenarios.sizes import Bounds, Size

#: For everybody to come in before anything is hurt.
CONNECT_SECONDS = 60


async def perform(cluster: Cluster, chosen: Scenario, size: Size, *, seed: int = 0) -> tuple[Report, History]:
    """Plays one scenario on a sound cluster, and leaves it sound. The report has the bounds' breaches as `late`.

    Ends after `size.most` seconds in any case: then the report says where the scenario stood.
    """
    history = History()
    playing = asyncio.ensure_future(_perform(cluster, chosen, size, history, seed))
    try:
        await asyncio.wait([playing], timeout=size.most)
        if playing.done():
            return playing.result(), history
        report = Report()
        report.add("late", f"{chosen.name} did not end within {size.most:.0f} s; it stood at", list(_standing(playing)))
        return report, history
    finally:
        await tasks.end([playing])
        if not chosen.is_gentle:
            await cluster.mend()


async def _perform(cluster: Cluster, chosen: Scenario, size: Size, history: History, seed: int) -> Report:
    company = await cluster.company(people=size.people, channels=size.channels, members=size.members)
    clients = [
        cluster.client(company, user, history, device=device, habits=size.habits)
        for user in company.users
        for device in range(size.devices)
    ]
    async with connected(clients, within=CONNECT_SECONDS) as fleet:
        fleet.metronome.is_forgiving = size.is_forgiving
        load = Load(list(clients), company, rate=size.rate, seed=seed)
        run = Run(
            cluster=cluster, size=size, company=company, history=history, fleet=fleet, load=load, name=chosen.name,
            chance=random.Random(f"{seed} {chosen.name}"),
        )  # fmt: skip
        if not chosen.is_gentle:
            # A process that is hurt while nobody is there notices nothing.
            for web in run.webs:
                await run.one_at(web)
        await _play(run, chosen)
        if not chosen.is_gentle:
            await cluster.mend()
        report = await conclude(
            cluster, fleet, company, history, within=size.patience, revoked_seconds=run.revoked_seconds
        )
    for kind, sentence, evidence in run.complaints:
        report.add(kind, sentence, evidence)
    _check_bounds(report, chosen.bounds, fleet.metronome)
    return report


async def _play(run: Run, chosen: Scenario) -> None:
    async with run.load:
        await asyncio.sleep(run.size.lead)
        try:
            await chosen.play(run)
        except* (AssertionError, OSError, TimeoutError) as errors:
            run.complain("late", str(errors.exceptions[0]) or repr(errors))
        await asyncio.sleep(run.size.lead)


def _check_bounds(report: Report, bounds: Bounds, metronome: Metronome) -> None:
    for recovery in report.recoveries:
        end = recovery.begin + recovery.seconds
        for name in ("first_ok", "caught_up", "back", "slowest", "answer"):
            most, seconds = getattr(bounds, name), getattr(recovery, name)
            if most is None or seconds is None or seconds <= most:
                continue
            forgiven = metronome.allowance(recovery.begin, end + seconds, seconds=most)
            if seconds > most + forgiven:
                report.add(
                    "late",
                    f"{name} after {recovery.target}: {seconds:.1f} s, at most {most} s are promised (and {forgiven:.1f} s)",
                    [recovery],
                )
    if bounds.whole is not None and report.settled_seconds is not None and report.settled_seconds > bounds.whole:
        report.add("late", f"whole again after {report.settled_seconds:.1f} s, at most {bounds.whole} s are promised")


def _standing(task: asyncio.Task[Any]) -> Iterator[str]:
    """File and line of each coroutine that waits for the next, the outermost first."""
    waiting: Any = task.get_coro()
    while isinstance(waiting, CoroutineType):
        if waiting.cr_frame is not None:
            yield f"{waiting.cr_code.co_filename.rpartition('/tests/')[2]}:{waiting.cr_frame.f_lineno} {waiting.__qualname__}"
        waiting = waiting.cr_await
