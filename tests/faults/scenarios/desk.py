"""The support desk: two agents at the same moment, and every process killed while leases lapse and conversations are given."""

import asyncio
import contextlib
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from delivery import tasks
from tests.faults.cluster import Company
from tests.faults.history import History
from tests.faults.scenarios.run import Run, scenario
from tests.faults.web import Web
from tests.faults.wire import ask, bearer

#: Of the inbox whose leases lapse.
LEASE_SECONDS = 3
#: Of one request: nobody promises anything here, and the machine may be busy.
PATIENCE = 30
#: From when something is due until it is done, by whatever process is there.
DONE_SECONDS = 3.0
NOTE = "of the inside"


@scenario("desk", breaks=["guard without the lock", "note on the customer's stream"], is_gentle=True)
async def two_agents_at_one_customer(run: Run) -> None:
    """Two agents answer at the same moment at two processes: each time one is told what the other said. Notes stay inside."""
    desk, [customer] = await _open(run, agents=2, customers=1)
    agents = list(zip(run.webs, desk["tokens"], strict=False))
    for number in range(40 if run.size.is_long else 6):
        seen = await _head(agents[0][0], customer)
        answers = await asyncio.gather(*(_answer(web, token, customer, seen) for web, token in agents))
        if sorted(answers) != [201, 409]:
            run.complain("twice", f"round {number}: both were answered {answers}", customer)
        given = {"client_msg_id": str(uuid.uuid4()), "body": NOTE}
        await _act(*agents[number % 2], customer, "note/", given)
    shown = await _changes(agents[0][0], customer)
    if inside := [change for change in shown if change["body"] == NOTE]:
        run.complain("leak", "the customer is shown notes", *inside)


@scenario("desk", breaks=["lease by socket"])
async def every_process_killed_at_the_desk(run: Run) -> None:
    """Every web process dies while leases lapse, and again while conversations are given: each lapses once, nobody has too many."""
    desk, customers = await _open(run, agents=3, customers=6, lease_seconds=LEASE_SECONDS, capacity=6)
    for customer in customers:
        await _act(run.webs[0], desk["tokens"][0], customer, "claim/", None)
    async with _open_tab(run, desk):
        await _kill_all(run)
        # Their agent's tab is open all the time, and nobody works in it.
        await run.until_shown(lambda: _assigned(run, desk), [], within=LEASE_SECONDS + DONE_SECONDS)
    lapsed = Counter(event["conversation"] for event in await _log(run, desk) if event["type"] == "conversation.lapsed")
    if set(lapsed.values()) != {1} or len(lapsed) != len(customers):
        run.complain("twice", "not each lease lapsed once", dict(lapsed))
    await run.cluster.stage.ask("change_inbox", inbox=desk["inbox"], routing="least", capacity=2, lease_seconds=900)
    await run.cluster.stage.ask("customers", inbox=desk["inbox"], count=4)
    await _kill_all(run)
    two_each = sorted(agent for agent in desk["users"] for _ in range(2))
    await run.until_shown(lambda: _assigned(run, desk), two_each, within=DONE_SECONDS)
    _check_nothing_was_given_twice(run, await _log(run, desk))


def _check_nothing_was_given_twice(run: Run, log: list[dict[str, Any]]) -> None:
    holders: dict[int, int | None] = {}
    for event in log:
        before = holders.get(event["conversation"])
        if event["type"] == "conversation.claimed" and before is not None:
            run.complain("twice", "given to somebody while somebody held it", event, before)
        holders[event["conversation"]] = event["assignee"]


async def _open(run: Run, *, agents: int, customers: int, **settings: object) -> tuple[Any, Any]:
    name = f"desk-{uuid.uuid4().hex[:12]}"
    desk = await run.cluster.stage.ask("open_desk", name=name, agents=agents, **settings)
    return desk, await run.cluster.stage.ask("customers", inbox=desk["inbox"], count=customers)


async def _kill_all(run: Run) -> None:
    async with run.fault("every web process"):
        for web in run.webs:
            web.kill()
        for web in run.webs:
            web.launch()
        await asyncio.gather(*(web.ready() for web in run.webs))


@contextlib.asynccontextmanager
async def _open_tab(run: Run, desk: Any) -> AsyncIterator[None]:
    """The first agent's browser: connected, back after each cut, and left alone."""
    user, token = desk["users"][0], desk["tokens"][0]
    company = Company(users=[user], tokens={user: token}, channels={})
    # What it hears of the desk is nobody's history.
    living = asyncio.ensure_future(run.cluster.client(company, user, History(), device=0).live())
    try:
        yield
    finally:
        await tasks.end([living])


async def _answer(web: Web, token: str, customer: Any, seen_seq: int) -> int:
    given = {"client_msg_id": str(uuid.uuid4()), "body": "an answer", "seen_seq": seen_seq}
    return await _act(web, token, customer, "answer/", given)


async def _act(web: Web, token: str, customer: Any, verb: str, given: object) -> int:
    # What was not settled in time is asked again, as agents' pages do.
    path, status = f"/api/v1/support/conversations/{customer['conversation']}/{verb}", 503
    async with asyncio.timeout(PATIENCE):
        while status == 503:
            status, _ = await ask(web.port, bearer(token), "POST", path, given, seconds=PATIENCE)
    return status


async def _head(web: Web, customer: Any) -> int:
    path = f"/api/v1/support/conversations/{customer['conversation']}/"
    _, body = await ask(web.port, bearer(customer["token"]), "GET", path, seconds=PATIENCE)
    return int(json.loads(body)["head"])


async def _changes(web: Web, customer: Any) -> list[Any]:
    path = f"/api/v1/channels/{customer['conversation']}/changes/?since=0"
    _, body = await ask(web.port, bearer(customer["token"]), "GET", path, seconds=PATIENCE)
    return list(json.loads(body)["results"])


async def _assigned(run: Run, desk: Any) -> list[int]:
    return list(await run.cluster.stage.ask("assigned", desk=desk["desk"]))


async def _log(run: Run, desk: Any) -> list[dict[str, Any]]:
    return list(await run.cluster.stage.ask("desk_log", desk=desk["desk"]))
