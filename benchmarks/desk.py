"""The cost of a desk with a million resolved and five thousand open conversations, and its delays while all talk.

    python -m benchmarks.desk                     fills a data folder the first time (some minutes), then three minutes
    python -m benchmarks.desk --only asked        or clockwork, or talk

Asked: CPU of the web process, of PostgreSQL and of Valkey for the queue's pages and lists, and for an agent's `hello`. Clockwork:
each job, when nothing is due and when a hundred are. Talk: 200 visitors and 20 agents on two web processes beside the team's chat.
`scanned` names large tables that were looked through row by row: none should be. Compare figures only within one run.
"""

import argparse
import json
import os
from collections.abc import Callable
from typing import Any

#: For the jobs that write mails; nothing is sent from here.
os.environ.setdefault("EMAIL_URL", "smtp://localhost:1")

import django
import uvloop

from benchmarks.fanout import DATA, WebProcess, side_by_side
from benchmarks.http import Costs
from benchmarks.http_client import HttpClient
from benchmarks.machine import machine
from benchmarks.openings import ServerCosts, openings
from chatproject.embedded import services as embedded
from delivery.load.tally import quantiles

django.setup()

from benchmarks.connecting_clients import Person, with_logins  # noqa: E402 (Django comes first)
from benchmarks.desk_clockwork import time_jobs  # noqa: E402
from benchmarks.desk_filled import FilledDesk, lay_out  # noqa: E402
from benchmarks.desk_talk import talk  # noqa: E402
from benchmarks.scanned import scanned_rows  # noqa: E402

PORT = 18170
RESOLVED, OPEN = 1_000_000, 5000
REQUESTS, WARMING = 60, 5
#: Times that each agent comes in.
COMINGS = 4
STATES = ("open", "pending", "snoozed", "resolved")


def questions(desk: FilledDesk) -> dict[str, tuple[str, dict[str, object]]]:
    """Path and query by what it is called."""
    queue = "support/conversations/"
    lists: dict[str, dict[str, object]] = {
        f"list, {whose}": {"whose": whose} for whose in ("all", "mine", "unassigned")
    }
    lists |= {f"list, {state}": {"state": state} for state in STATES}
    lists |= {f"list, {state} and mine": {"state": state, "whose": "mine"} for state in STATES}
    lists |= {f"list, {state} and unassigned": {"state": state, "whose": "unassigned"} for state in STATES}
    lists |= {"list, of one inbox": {"inbox": desk.inbox.pk}, "list, 100 on a page": {"page_size": 100}}
    return {
        "the desk's page": ("/admin/desk/", {}),
        "counts": (f"{queue}counts/", {}),
        **{name: (queue, query) for name, query in lists.items()},
        "list, its second page": (queue, {"cursor": None}),
    }


def asked(desk: FilledDesk) -> dict[str, Any]:
    """CPU of each question, and of an agent's coming."""
    people = [with_logins(agent) for agent in desk.agents]
    with side_by_side(None, PORT) as servers:
        return uvloop.run(_asked(desk, people, servers["this"]))


async def _asked(desk: FilledDesk, people: list[Person], server: WebProcess) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    costs = Costs(server)
    await costs.learn_idle()
    for name, (path, query) in questions(desk).items():
        figures[name] = await row(server, costs, people[0], path, query)
    comings = ServerCosts(server)
    await comings.learn_idle()
    async with scanned_rows() as scanned:
        figures["hello of an agent"] = await openings(comings, people * COMINGS, server.port)
    figures["hello of an agent"]["scanned"] = scanned
    return figures


async def row(server: WebProcess, costs: Costs, person: Person, path: str, query: dict[str, object]) -> dict[str, Any]:
    client = HttpClient(server.port, login=person.login(server.port, by_session=True))
    await client.open()
    if "cursor" in query:
        query = {"cursor": await client.next_of(path)}
    for _ in range(WARMING):
        await client.ask(path, **query)
    client.answered.seconds.clear()
    async with scanned_rows() as scanned:
        before = costs.used()
        for _ in range(REQUESTS):
            await client.ask(path, **query)
        waits = list(client.answered.seconds)
        spent = costs.since(before, took=sum(waits), times=REQUESTS)
    client.close()
    times = quantiles(waits)
    return {
        **spent,
        "p50_ms": times["p50"],
        "refused": client.answered.refused,
        "scanned": {table: rows // REQUESTS for table, rows in scanned.items()},
    }


#: The clockwork last: web processes would do what is due before it.
PARTS: dict[str, Callable[[FilledDesk], dict[str, Any]]] = {"asked": asked, "talk": talk, "clockwork": time_jobs}


def measure(desk: FilledDesk, only: str | None) -> dict[str, Any]:
    """Each part that is wanted, and what the machine did beside this process and the services."""
    figures: dict[str, Any] = {}
    with machine([]) as elsewhere:
        for name, part in PARTS.items():
            if only in (None, name):
                figures |= part(desk)
        figures["machine"] = elsewhere()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolved", type=int, default=RESOLVED)
    parser.add_argument("--open", type=int, default=OPEN)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    try:
        figures = measure(lay_out(options.resolved, options.open), options.only)
    finally:
        embedded.leave(DATA)
    print(json.dumps(figures) if options.json else shown(figures))


def shown(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name:>34}  {value}" for name, value in figures.items())


if __name__ == "__main__":
    main()
