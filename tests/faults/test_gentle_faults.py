"""What clients do and suffer, in its short form: these scenarios disturb nobody else, and are played side by side."""

import asyncio
from collections.abc import Callable

import pytest

from tests.faults.cluster import Cluster
from tests.faults.findings import Report
from tests.faults.playing import side_by_side
from tests.faults.scenarios import BESIDE, SCENARIOS, perform


@pytest.fixture(scope="module")
def gentle(sound: Callable[[], Cluster]) -> dict[str, Report | BaseException]:
    """What became of the scenarios that disturb nobody else: they are played side by side, a few at a time."""
    chosen = [scenario for scenario in SCENARIOS.values() if scenario.is_gentle]
    played = [perform(sound(), scenario, BESIDE, seed=1) for scenario in chosen]
    results = asyncio.run(side_by_side(played, return_exceptions=True))
    reports = [result if isinstance(result, BaseException) else result[0] for result in results]
    return dict(zip([scenario.name for scenario in chosen], reports, strict=True))


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.is_gentle])
def test_nothing_is_lost_doubled_disordered_or_leaked_by_clients(
    gentle: dict[str, Report | BaseException], name: str
) -> None:
    report = gentle[name]
    if isinstance(report, BaseException):
        raise report
    assert not report.findings, str(report)
