"""The instrument would notice: each broken build is found by the scenario that is there for it."""

import asyncio

import pytest

from tests.faults.breakages import BREAKAGES
from tests.faults.cluster import Cluster
from tests.faults.playing import side_by_side
from tests.faults.scenarios import BROKEN, SCENARIOS, perform

#: Which scenario notices which broken build, and by a finding of which kind. All that do: docs/faults.md.
NOTICED = {
    "acknowledge before commit": ("kill nine", "lost"),
    "commit without waiting": ("postgres killed", "lost"),
    "changes without a number": ("reacting and pinning while dropping", "lost"),
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
    "no epoch": ("rewound", "lost"),
    "guard without the lock": ("two agents at one customer", "twice"),
    "note on the customer's stream": ("two agents at one customer", "leak"),
    "a file taken twice": ("files in pieces", "twice"),
    "pieces anywhere": ("files in pieces", "lost"),
    "lease by socket": ("every process killed at the desk", "late"),
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


#: The same, but each takes half a minute: `bin/test -m by_hand tests/faults/test_broken_builds.py`.
SLOW_BUILDS = [
    ("no word of ended logins", "no conflicts", "no seats", "no resync", "no outbox cap"),
    ("waits for PostgreSQL", "waits for Redis", "one lane for all", "one poison spoils all"),
    ("trusts the clock", "no fallback keys", "ghosts stay"),
    ("no replay", "opens what is asked for", "counts announcements"),
    ("leaves changes out", "changes without a number"),
    ("places at a stranger's pace", "heads without bounds", "handshakes unanswered", "no descriptor kept"),
    ("no epoch", "no versions"),
    ("guard without the lock", "note on the customer's stream", "lease by socket"),
    ("a file taken twice", "pieces anywhere"),
]


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
