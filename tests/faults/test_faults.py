"""Every fault that must be survived, in its short form, on real services and processes; and that the instrument would notice.

Two pytest processes share them (bin/test), each with a cluster of its own: most of a scenario is waiting.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.faults.breakages import BREAKAGES
from tests.faults.checker import Report
from tests.faults.cluster import Cluster
from tests.faults.scenarios import BESIDE, BROKEN, OFTEN, SCENARIOS, SHORT, perform

#: Which scenario notices which broken build, and by a finding of which kind. All that do: docs/faults.md.
NOTICED = {
    "acknowledge before commit": ("kill nine", "lost"),
    "commit without waiting": ("postgres killed", "lost"),
    "no gap check": ("announcements lost for a moment", "lost"),
    "no position check": ("crash between ok and announcement", "late"),
    "no member check": ("removed and added again", "leak"),
    "no login check": ("signed out everywhere", "leak"),
    "no word of ended logins": ("logins ended at once everywhere", "leak"),
    "no fallback keys": ("a key changed under load", "untrue"),
    "no lane order": ("many in flight", "order"),
    "no dedup": ("connection lost after commit was sent", "twice"),
    "no conflicts": ("one id from two devices", "twice"),
    "no seats": ("fifty join for five seats", "twice"),
    "no resync": ("away for too long", "gap"),
    "no outbox cap": ("a reader with a closed window", "late"),
    "no goodbye": ("rolling restart", "silent"),
    "one poison spoils all": ("a poison row in a batch", "lost"),
    "one lane for all": ("one channel locked", "late"),
    "waits for PostgreSQL": ("postgres frozen", "late"),
    "waits for Redis": ("redis frozen", "late"),
    "no replay": ("all come back at once", "lost"),
    "opens what is asked for": ("heads of another database", "leak"),
    "counts announcements": ("announcements repeated and reordered", "lost"),
    "leaves changes out": ("one byte at a time", "lost"),
    "ghosts stay": ("no ghost after a kill", "late"),
    "places at a stranger's pace": ("unfinished bodies", "late"),
    "heads without bounds": ("heads without end", "late"),
    "handshakes unanswered": ("handshakes that can not be read", "late"),
    "no descriptor kept": ("more sockets than descriptors", "starved"),
    "trusts the clock": ("clocks apart and jumping", "lost"),
    "no epoch": ("rewound", "late"),
    "no versions": ("what has no number while redis stands still", "late"),
}
#: What only a longer time shows: `bin/faults --soak 2 --broken "keeps everything"`.
BY_HAND = {"keeps everything"}
#: The breakages that are started together, to save starts: none of them hides another's finding.
BUILDS = [
    ("acknowledge before commit", "no member check"),
    ("no gap check", "no dedup"),
    ("no position check", "no goodbye"),
    ("no login check", "no lane order", "commit without waiting"),
]
#: The same, but each takes half a minute: `bin/test -m by_hand tests/faults/test_faults.py`.
SLOW_BUILDS = [
    ("no word of ended logins", "no conflicts", "no seats", "no resync", "no outbox cap"),
    ("waits for PostgreSQL", "waits for Redis", "one lane for all", "one poison spoils all"),
    ("trusts the clock", "no fallback keys", "ghosts stay"),
    ("no replay", "opens what is asked for", "counts announcements"),
    ("leaves changes out",),
    ("places at a stranger's pace", "heads without bounds", "handshakes unanswered", "no descriptor kept"),
    ("no epoch", "no versions"),
]


#: More of the gentle ones at once would only measure the machine.
BESIDE_EACH_OTHER = 5


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three web processes for all scenarios; what they do every so often, they do more often than by default."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    cluster = Cluster(seed=1, **OFTEN)
    asyncio.run(cluster.start())
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def sound(cluster: Cluster) -> Callable[[], Cluster]:
    """Gives the cluster as the product is, whatever was played on it before."""

    def mended() -> Cluster:
        if cluster.build:
            asyncio.run(cluster.break_with())
        return cluster

    return mended


@pytest.fixture(scope="module")
def gentle(sound: Callable[[], Cluster]) -> dict[str, Report | BaseException]:
    """What became of the scenarios that disturb nobody else: they are played side by side, a few at a time."""
    chosen = [scenario for scenario in SCENARIOS.values() if scenario.is_gentle]
    played = [perform(sound(), scenario, BESIDE, seed=1) for scenario in chosen]
    results = asyncio.run(side_by_side(played, return_exceptions=True))
    reports = [result if isinstance(result, BaseException) else result[0] for result in results]
    return dict(zip([scenario.name for scenario in chosen], reports, strict=True))


async def side_by_side(work: Sequence[Awaitable[Any]], *, return_exceptions: bool = False) -> list[Any]:
    places = asyncio.Semaphore(BESIDE_EACH_OTHER)

    async def in_its_place(one: Awaitable[Any]) -> Any:
        async with places:
            return await one

    return await asyncio.gather(*map(in_its_place, work), return_exceptions=return_exceptions)


@pytest.mark.xdist_group("side by side")
@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.is_gentle])
def test_nothing_is_lost_doubled_disordered_or_leaked_by_clients(
    gentle: dict[str, Report | BaseException], name: str
) -> None:
    report = gentle[name]
    if isinstance(report, BaseException):
        raise report
    assert not report.findings, str(report)


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if not scenario.is_gentle])
def test_nothing_is_lost_doubled_disordered_or_leaked_by_faults(sound: Callable[[], Cluster], name: str) -> None:
    report, _ = asyncio.run(perform(sound(), SCENARIOS[name], SHORT, seed=1))
    assert not report.findings, str(report)


@pytest.mark.parametrize(
    "build",
    [*BUILDS, *(pytest.param(build, marks=pytest.mark.by_hand) for build in SLOW_BUILDS)],
    ids=", ".join,
)
def test_a_broken_build_is_noticed(cluster: Cluster, build: tuple[str, ...]) -> None:
    asyncio.run(cluster.break_with(*build))
    gentle = [breakage for breakage in build if SCENARIOS[NOTICED[breakage][0]].is_gentle]
    asyncio.run(side_by_side([expect_noticed(cluster, breakage) for breakage in gentle]))
    for breakage in build:
        if breakage not in gentle:
            asyncio.run(expect_noticed(cluster, breakage))


async def expect_noticed(cluster: Cluster, breakage: str) -> None:
    scenario, kind = NOTICED[breakage]
    # What was under way when the fault came is chance: on a busy machine it may be nothing.
    for _ in range(3):
        report, _ = await perform(cluster, SCENARIOS[scenario], BROKEN, seed=1)
        if report.of(kind):
            return
    raise AssertionError(f"{breakage}: {report}")


def test_every_broken_build_has_a_scenario_that_notices_it() -> None:
    assert set(NOTICED) | BY_HAND == set(BREAKAGES)
    assert set(NOTICED) == {breakage for build in BUILDS + SLOW_BUILDS for breakage in build}
    for breakage, (scenario, _) in NOTICED.items():
        assert breakage in SCENARIOS[scenario].breaks
