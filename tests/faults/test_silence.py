"""A client complains of a process that heard it and does not answer, not of one that could not hear it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import pytest

from tests.faults.cluster import Cluster
from tests.faults.habits import Habits
from tests.faults.history import Command, History, Silence
from tests.faults.load import Load, connected, until
from tests.faults.proxy import PASS, Fault
from tests.faults.web import Web

#: The client waits so long for an answer: longer than a sound process needs on a busy machine, shorter than each hindrance.
REPLY, HINDRANCE = 2.0, 3.0
Hindrance = Callable[[Web], Awaitable[None]]


async def mute(web: Web) -> None:
    web.front.apply(Fault(stalls_up=True))
    await asyncio.sleep(HINDRANCE)
    web.front.apply(PASS)


async def mute_and_then_stopped(web: Web) -> None:
    """Each shorter than the client waits, together longer."""
    web.front.apply(Fault(stalls_up=True))
    await asyncio.sleep(HINDRANCE / 2)
    web.send(signal.SIGSTOP)
    web.front.apply(PASS)
    await asyncio.sleep(HINDRANCE / 2)
    web.send(signal.SIGCONT)


async def without_database(web: Web) -> None:
    web.database.apply(Fault(stalls_up=True))
    await asyncio.sleep(HINDRANCE)
    web.database.apply(PASS)


@pytest.mark.parametrize(
    ("hinder", "is_blamed"), [(mute, False), (mute_and_then_stopped, False), (without_database, True)]
)
def test_only_a_process_that_could_hear_is_blamed(
    sound: Callable[[], Cluster], hinder: Hindrance, is_blamed: bool
) -> None:
    history = asyncio.run(_post_while(sound(), hinder))
    assert any(history.of(Silence)) == is_blamed
    assert "ok" in {command.phase for command in history.of(Command) if command.body == "hindered"}


async def _post_while(cluster: Cluster, hinder: Hindrance) -> History:
    """Somebody posts at a hindered process, and hears all the time what somebody else posts elsewhere."""
    web, elsewhere, history = *cluster.webs[:2], History()
    company = await cluster.company(people=2, channels=1, members=2)
    [(channel, [user, other])] = company.channels.items()
    client = cluster.client(company, user, history, habits=Habits(silence=30, reply=REPLY), webs=[web])
    others = cluster.client(company, other, history, webs=[elsewhere])
    async with connected([client, others]), Load([others], company, rate=10):
        hindering = asyncio.ensure_future(hinder(web))
        # It has begun when it waits for the first time.
        await asyncio.sleep(0)
        client.post(channel, "hindered")
        await hindering
        await until(lambda: not client.waiting, within=30, what="an answer")
    return history
