"""The primary of Redis is killed under load, and Sentinel makes another: sending does not notice, others hear within seconds."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster, fault
from tests.faults.habits import Habits
from tests.faults.history import Command, History, Linked, Shown
from tests.faults.load import Load, conclude, connected
from tests.faults.scenarios.redis import OTHERS
from tests.stage.sentinels import Watched

pytestmark = pytest.mark.by_hand


async def test_while_sentinel_makes_another_primary_nothing_is_lost_and_others_hear_soon() -> None:
    history = History()
    with (
        tempfile.TemporaryDirectory(prefix="watched-") as folder,
        Watched(Path(folder), sentinels=3, down_seconds=5) as watched,
    ):
        cluster = Cluster(webs=2, seed=1)
        for web in cluster.webs:
            web.variables["REDIS_URL"] = watched.url
        async with cluster:
            company = await cluster.company(people=60, channels=12, members=20)
            clients = [cluster.client(company, user, history, habits=Habits()) for user in company.users]
            async with connected(clients, within=60) as fleet:
                async with Load(clients, company, rate=50):
                    await asyncio.sleep(5)
                    async with fault(history, "sentinel", "redis"):
                        killed_at = time.monotonic()
                        killed = await asyncio.to_thread(watched.kill_primary)
                        while await asyncio.to_thread(watched.primary) == killed:
                            await asyncio.sleep(0.05)
                        elected = time.monotonic() - killed_at
                        # Until what listens has found it.
                        await asyncio.sleep(12)
                    await asyncio.sleep(5)
                report = await conclude(cluster, fleet, company, history, within=60, revoked_seconds=31)
    [recovery] = report.recoveries
    late = sorted(heard(history, since=killed_at, until=killed_at + elected + 12))
    closed = sum(link.what == "closed" and link.at > killed_at for link in history.of(Linked))
    acknowledged = sum(command.phase == "ok" for command in history.of(Command))
    print(f"\n{acknowledged} acknowledged; findings (lost, twice, order, gap, leak): {len(report.findings)}")
    print(
        f"another primary {elected:.2f} s after the kill; meanwhile: longest answer {recovery.answer:.2f} s,", end=" "
    )
    print(f"heard p50 {statistics.median(late):.2f} s, max {late[-1]:.2f} s after the ok; {closed} connections closed")
    assert not report.findings, str(report)
    assert late[-1] < OTHERS


def heard(history: History, *, since: float, until: float) -> list[float]:
    """Of what was acknowledged then, the seconds until each other was shown it."""
    oks = {(ok.user, ok.key): ok.at for ok in history.of(Command) if ok.phase == "ok" and since < ok.at < until}
    return [
        max(0.0, shown.at - oks[shown.sender, shown.key])
        for shown in history.of(Shown)
        if shown.rev == shown.seq and (shown.sender, shown.key) in oks
    ]
