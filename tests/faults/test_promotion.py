"""A standby is promoted under load, by an operator's hand: what was acknowledged, and who keeps what."""

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chatproject.embedded.services import DATABASE, Services
from delivery.client import Client
from tests.faults.cluster import Cluster, Company, fault
from tests.faults.habits import Habits
from tests.faults.history import Command, History
from tests.faults.load import Load, conclude, connected
from tests.faults.scenarios.rewind import watching
from tests.stage.sentinels import until
from tests.stage.servers import expect
from tests.stage.standbys import Standby

pytestmark = pytest.mark.by_hand
#: Nothing is promised about how soon an operator promotes; from then on, everybody speaks within it.
BACK_SECONDS = 10


@contextlib.asynccontextmanager
async def two_servers() -> AsyncIterator[tuple[Cluster, Standby]]:
    """Two web processes that know both servers by name; the second is a standby."""
    cluster = Cluster(webs=2, seed=1)
    with tempfile.TemporaryDirectory(prefix="standby-") as folder:
        Path(folder).chmod(0o711)
        data = Path(folder, "data")
        hosts = f"{cluster.postgres.socket.parent},{Services(data).sockets}"
        for web in cluster.webs:
            web.variables["DATABASE_URL"] = (
                f"postgresql://{DATABASE}@/{DATABASE}?host={hosts}&target_session_attrs=read-write"
            )
        async with cluster:
            standby = await asyncio.to_thread(Standby, cluster.postgres, data)
            try:
                await standby.start()
                yield cluster, standby
            finally:
                standby.close()


async def test_with_a_synchronous_standby_nothing_is_lost_or_doubled() -> None:
    history = History()
    async with two_servers() as (cluster, standby):
        await asyncio.to_thread(standby.be_waited_for)
        company = await cluster.company(people=60, channels=12, members=20)
        clients = [cluster.client(company, user, history, habits=Habits()) for user in company.users]
        async with a_client(cluster, company, company.users[0]) as witness, connected(clients, within=60) as fleet:
            before = witness.epoch
            async with Load(clients, company, rate=50):
                await asyncio.sleep(5)
                killed_at = time.monotonic()
                async with fault(history, "promotion", "postgres"):
                    cluster.postgres.kill()
                    await asyncio.to_thread(standby.promote)
                promoted = time.monotonic() - killed_at
                cluster.services.postgres = standby
                await asyncio.sleep(15)
            report = await conclude(cluster, fleet, company, history, within=60, revoked_seconds=31)
            assert witness.epoch != before
    away = aways(history, killed_at)
    acknowledged = sum(command.phase == "ok" for command in history.of(Command))
    print(f"\n{acknowledged} acknowledged; findings (lost, twice, order, gap, leak): {len(report.findings)}")
    print(
        f"promoted {promoted:.2f} s after the kill; away, of {len(away)} people, from the kill to the next ok:", end=" "
    )
    print(f"p50 {statistics.median(away):.2f} s, max {max(away):.2f} s")
    assert not report.findings, str(report)
    assert max(away) < promoted + BACK_SECONDS


async def test_of_an_asynchronous_standby_nobody_keeps_what_it_did_not_have() -> None:
    async with two_servers() as (cluster, standby):
        company = await cluster.company(people=2, channels=1, members=2)
        [(channel, (speaker, reader))] = company.channels.items()
        person: dict[str, Any] = {"token": company.tokens[reader], "user": reader, "channel": channel}
        async with a_client(cluster, company, speaker) as alice, watching(cluster.webs[0], **person) as stayed:
            kept = await say(alice, channel, "kept", 4)
            await asyncio.to_thread(until, standby.is_level)
            await asyncio.to_thread(standby.hear_no_more)
            async with watching(cluster.webs[1], **person) as gone:
                await say(alice, channel, "gone", 6)
                await expect(lambda: len(stayed.bodies) >= 10 and len(gone.bodies) >= 6)
                held: dict[str, Any] = {"heads": dict(gone.client.heads), "epoch": gone.client.epoch}
            killed_at = time.monotonic()
            cluster.postgres.kill()
            await asyncio.to_thread(standby.promote)
            promoted = time.monotonic() - killed_at
            cluster.services.postgres = standby
            # More than what is gone: held numbers mean something else from here on.
            first = await alice.post(channel, "anew first")
            away = time.monotonic() - killed_at
            anew = ["anew first", *await say(alice, channel, "anew", 10)]
            assert first["seq"] <= held["heads"][channel]
            async with watching(cluster.webs[1], **person, **held) as returned:
                # Who stayed knows all; who returned was told of what is new, and that what it held counts for nothing.
                await expect(lambda: set(stayed.bodies.values()) >= {*kept, *anew}, within=60)
                await expect(lambda: set(returned.bodies.values()) >= set(anew), within=60)
                for watcher in (stayed, returned):
                    assert not [body for body in watcher.bodies.values() if body.startswith("gone")]
                    assert watcher.client.epoch != held["epoch"]
    print(f"\n6 acknowledged were gone; promoted {promoted:.2f} s after the kill, the next ok {away:.2f} s after it")


def a_client(cluster: Cluster, company: Company, user: int) -> Client:
    return Client(*(f"ws://127.0.0.1:{web.port}/ws/" for web in cluster.webs), token=company.tokens[user])


async def say(client: Client, channel: int, what: str, count: int) -> list[str]:
    bodies = [f"{what} {number}" for number in range(count)]
    for body in bodies:
        await client.post(channel, body)
    return bodies


def aways(history: History, killed_at: float) -> list[float]:
    """Of each person, the seconds from the kill to the first `ok` after it."""
    first: dict[str, float] = {}
    for command in history.of(Command):
        if command.phase == "ok" and command.at > killed_at:
            first.setdefault(command.client, command.at - killed_at)
    return sorted(first.values())
