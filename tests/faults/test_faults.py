"""Every fault that must be survived, in its short form, on real services and processes, one after another."""

import asyncio
from collections.abc import Callable

import pytest

from tests.faults.cluster import Cluster
from tests.faults.scenarios import SCENARIOS, SHORT, perform


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if not scenario.is_gentle])
def test_nothing_is_lost_doubled_disordered_or_leaked_by_faults(sound: Callable[[], Cluster], name: str) -> None:
    report, _ = asyncio.run(perform(sound(), SCENARIOS[name], SHORT, seed=1))
    assert not report.findings, str(report)
