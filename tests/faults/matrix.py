"""The matrix: every chosen scenario against every chosen broken build, and a table of the findings.

By hand, since it takes an hour: `bin/faults --matrix --json FILE` goes on where an earlier run with the same file ended.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tests.faults.breakages import BREAKAGES
from tests.faults.cluster import Cluster
from tests.faults.scenarios import BESIDE, BROKEN, SCENARIOS, Scenario, Size, perform

#: {build: {scenario: the kinds of what was found}}; the sound build has an empty name.
Noticed = dict[str, dict[str, list[str]]]

#: Of the gentle scenarios, so many at a time.
BESIDE_EACH_OTHER = 4
#: Kinds that a busy machine alone can cause: in brackets.
SLOW = {"late"}


async def play_matrix(
    cluster: Cluster, builds: Sequence[str], scenarios: Sequence[str], *, kept: Path | None
) -> Noticed:
    """Plays what the file does not have yet; the file is written after each build. "" is the sound build."""
    noticed: Noticed = json.loads(kept.read_text()) if kept is not None and kept.exists() else {}
    for build in builds:
        missing = [SCENARIOS[name] for name in scenarios if name not in noticed.get(build, {})]
        if missing:
            await cluster.break_with(*breakages(build))
            noticed.setdefault(build, {}).update(await _play_all(cluster, missing))
            print(f"{build or 'the sound build'}: {_cells(noticed[build])}", flush=True)
        if kept is not None:
            kept.write_text(json.dumps(noticed, indent=1))
    return noticed


def breakages(build: str) -> list[str]:
    """A build has several joined by "+". Raises ValueError for one that there is not."""
    named = [name.strip() for name in build.split("+") if name.strip()]
    if unknown := set(named) - set(BREAKAGES):
        raise ValueError(f"there is no build {', '.join(sorted(unknown))}")
    return named


async def _play_all(cluster: Cluster, scenarios: Sequence[Scenario]) -> dict[str, list[str]]:
    places = asyncio.Semaphore(BESIDE_EACH_OTHER)

    async def play_beside(scenario: Scenario) -> tuple[str, list[str]]:
        async with places:
            return await _play(cluster, scenario, BESIDE)

    gentle = [play_beside(scenario) for scenario in scenarios if scenario.is_gentle]
    found = dict(await asyncio.gather(*gentle))
    for scenario in scenarios:
        if not scenario.is_gentle:
            name, kinds = await _play(cluster, scenario, BROKEN)
            found[name] = kinds
    return found


async def _play(cluster: Cluster, scenario: Scenario, size: Size) -> tuple[str, list[str]]:
    try:
        report, _ = await perform(cluster, scenario, size, seed=cluster.seed)
    except Exception as error:
        return scenario.name, [f"raised {type(error).__name__}"]
    return scenario.name, sorted({finding.kind for finding in report.findings})


def table(noticed: Noticed) -> str:
    """Markdown: a line a build with the scenarios that noticed it, and one a scenario that noticed none."""
    seen: dict[str, set[str]] = defaultdict(set)
    lines = ["| build | noticed by |", "| --- | --- |"]
    for build, found in noticed.items():
        lines.append(f"| {build or '(sound)'} | {_cells(found)} |")
        for scenario, kinds in found.items():
            seen[scenario] |= set(kinds) if build else set()
    idle = sorted(scenario for scenario, kinds in seen.items() if not kinds)
    return "\n".join([*lines, "", f"Noticed nothing: {', '.join(idle) or '–'}"])


def _cells(found: dict[str, list[str]]) -> str:
    cells = [
        f"{name} ({', '.join(kinds)})" if set(kinds) - SLOW else f"[{name}]" for name, kinds in found.items() if kinds
    ]
    return ", ".join(cells) or "nobody"
