"""Every fault that must be survived, in its short form, on real services and processes; and that the instrument would notice."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from tests.faults.broken import BREAKAGES
from tests.faults.checker import Report
from tests.faults.cluster import Cluster
from tests.faults.scenarios import SCENARIOS, SHORT, Scenario, perform

#: Which scenario notices which broken build, and by a finding of which kind. The rest of the matrix: Scenario.breaks.
NOTICED = {
    "acknowledge before commit": ("kill nine", "lost"),
    "commit without waiting": ("postgres killed", "lost"),
    "no gap check": ("announcements lost for a moment", "lost"),
    "no position check": ("crash between ok and announcement", "late"),
    "no member check": ("removed and added again", "leak"),
    "no login check": ("signed out everywhere", "leak"),
    "no lane order": ("many in flight", "order"),
    "no dedup": ("connection lost after commit was sent", "twice"),
}
#: The breakages that are started together, to save starts: none of them hides another's finding.
BUILDS = [
    *(("acknowledge before commit",), ("no gap check",), ("no position check",), ("no member check",), ("no dedup",)),
    ("no login check", "no lane order", "commit without waiting"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three web processes for all scenarios; what they do every so often, they do more often than by default."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    cluster = Cluster(seed=1, position_check_seconds=2, login_check_seconds=1, replay_changes=200)
    asyncio.run(cluster.start())
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def gentle(cluster: Cluster) -> dict[str, Report | BaseException]:
    """What became of the scenarios that disturb nobody else: they are played side by side."""
    chosen = [scenario for scenario in SCENARIOS.values() if scenario.is_gentle]

    async def play(scenario: Scenario) -> Report:
        report, _ = await perform(cluster, scenario, SHORT, seed=1)
        return report

    async def play_all() -> list[Report | BaseException]:
        return await asyncio.gather(*map(play, chosen), return_exceptions=True)

    return dict(zip([scenario.name for scenario in chosen], asyncio.run(play_all()), strict=True))


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.is_gentle])
def test_nothing_is_lost_doubled_disordered_or_leaked_by_clients(
    gentle: dict[str, Report | BaseException], name: str
) -> None:
    report = gentle[name]
    if isinstance(report, BaseException):
        raise report
    assert not report.findings, str(report)


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if not scenario.is_gentle])
def test_nothing_is_lost_doubled_disordered_or_leaked_by_faults(cluster: Cluster, name: str) -> None:
    report, _ = asyncio.run(perform(cluster, SCENARIOS[name], SHORT, seed=1))
    assert not report.findings, str(report)


@pytest.mark.parametrize("build", BUILDS, ids=", ".join)
def test_a_broken_build_is_noticed(cluster: Cluster, build: tuple[str, ...]) -> None:
    asyncio.run(cluster.break_with(*build))
    for breakage in build:
        scenario, kind = NOTICED[breakage]
        report, _ = asyncio.run(perform(cluster, SCENARIOS[scenario], SHORT, seed=1))
        assert report.of(kind), f"{breakage}: {report}"


def test_every_broken_build_has_a_scenario_that_notices_it() -> None:
    assert set(NOTICED) == set(BREAKAGES) == {breakage for build in BUILDS for breakage in build}
    for breakage, (scenario, _) in NOTICED.items():
        assert breakage in SCENARIOS[scenario].breaks
