"""What presence costs the servers, against what the messages of the same people cost, in one run on one machine.

    python -m benchmarks.presence                100 members of one channel; then 1,000 people in ten full channels
    python -m benchmarks.presence --no-crowd     without the 1,000

Coming is measured twice, visible and invisible: the handshake, hello and sync are the same, the difference is what being seen
costs. Starts its own web processes over a data folder of its own (.data/bench). Compare figures only within one run.
"""

import argparse
import asyncio
import json
import os
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import uvloop
from django.core.management import call_command

from benchmarks.fanout import WebProcess, services_cpu
from benchmarks.rawclient import Frame, RawClient
from chatproject import embedded
from delivery.load.processes import usage_of

DATA = Path(os.environ["GAPLESS_DATA"])
MEMBERS = 100
CROWDS = 10
#: After which nothing of a step is on its way any more: leaving is noticed after 5 s.
SETTLE_SECONDS = 8.0
#: What takes milliseconds is done several times, so that it stands out from what the machine does besides.
ROUNDS = 6
ROUND_SECONDS = 2.0


@dataclass
class Cost:
    """Of one step, without what the servers use while nobody does anything."""

    seconds: float
    web: float
    postgresql: float
    valkey: float
    kilobytes: dict[str, float]

    @property
    def cpu(self) -> float:
        return self.web + self.postgresql + self.valkey


class Stage:
    def __init__(self, servers: Sequence[WebProcess], people: Sequence[tuple[int, str, int]]) -> None:
        """people: (user id, token, channel)."""
        self.servers = servers
        self.people = people
        self.clients: list[RawClient] = []
        self.idle: dict[str, float] = {"web": 0.0, "postgresql": 0.0, "valkey": 0.0}
        self._bytes: Counter[str] = Counter()

    async def come(self, place: int) -> None:
        _, token, channel = self.people[place]
        port = self.servers[place % len(self.servers)].port
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(
            lambda: RawClient(host=f"localhost:{port}", token=token, channel=channel, head=0, on_frame=_ignore),
            "127.0.0.1",
            port,
        )
        await client.ready
        self.clients.append(client)

    async def come_all(self, *, over_seconds: float = 0.0) -> None:
        start = time.perf_counter()

        async def come_later(place: int) -> None:
            await asyncio.sleep(start + over_seconds * place / len(self.people) - time.perf_counter())
            await self.come(place)

        await asyncio.gather(*(come_later(place) for place in range(len(self.people))))

    async def go_all(self, *, over_seconds: float = 0.0) -> None:
        for client in self.clients:
            self._bytes += client.received
            client.transport.abort()
            await asyncio.sleep(over_seconds / max(1, len(self.clients)))
        self.clients = []

    def used(self) -> dict[str, float]:
        return {"web": sum(usage_of(server.process.pid).cpu_seconds for server in self.servers), **services_cpu(DATA)}

    def received(self) -> Counter[str]:
        total = Counter(self._bytes)
        for client in self.clients:
            total += client.received
        return total

    async def learn_idle(self, seconds: float = 10.0) -> None:
        before = self.used()
        await asyncio.sleep(seconds)
        self.idle = {name: (now - before[name]) / seconds for name, now in self.used().items()}

    async def measured(self, step: Callable[[], Awaitable[None]]) -> Cost:
        before, had, start = self.used(), self.received(), time.perf_counter()
        await step()
        await asyncio.sleep(SETTLE_SECONDS)
        took = time.perf_counter() - start
        spent = {name: round(now - before[name] - self.idle[name] * took, 3) for name, now in self.used().items()}
        got = self.received()
        kilobytes = {op: round((size - had[op]) / 1024, 1) for op, size in got.items() if size > had[op]}
        return Cost(round(took, 1), spent["web"], spent["postgresql"], spent["valkey"], kilobytes)

    async def all_say(self, *, over_seconds: float = 0.0, times: int = 1) -> None:
        for number in range(times):
            for place, client in enumerate(self.clients):
                client.post(f"message {number} of {place}: the quick brown fox", uuid.uuid4(), number + 1)
                if over_seconds:
                    await asyncio.sleep(over_seconds / len(self.clients))

    async def all_say_at_once(self) -> None:
        for _ in range(ROUNDS):
            await self.all_say()
            await asyncio.sleep(ROUND_SECONDS)

    async def all_change_at_once(self) -> None:
        for number in range(ROUNDS):
            for client in self.clients:
                client.send({"op": "presence", "idle": number % 2 == 0})
            await asyncio.sleep(ROUND_SECONDS)

    async def all_come_at_once(self) -> None:
        for _ in range(ROUNDS // 2):
            await self.come_all()
            await asyncio.sleep(ROUND_SECONDS)
            await self.go_all()
            await asyncio.sleep(SETTLE_SECONDS)

    async def all_type(self, *, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            for place, client in enumerate(self.clients):
                client.send({"op": "typing", "channel": self.people[place][2], "on": True})
                await asyncio.sleep(3 / len(self.clients))


def _ignore(frame: Frame) -> None:
    return


def prepare(count: int) -> list[tuple[int, str, int]]:
    """So many people, a hundred to a channel: (user id, token, channel)."""
    from chat import services
    from chat.models import User

    call_command("migrate", interactive=False, verbosity=0)
    prepared = []
    for crowd in range(count // MEMBERS):
        users = [
            User.objects.filter(username=f"bench{n}").first() or services.create_user(f"bench{n}")
            for n in range(crowd * MEMBERS, (crowd + 1) * MEMBERS)
        ]
        channel = services.open_channel(users[0], name=f"presence {time.time():.0f}", members=users[1:])
        prepared += [(user.pk, services.create_token(user, name="bench"), channel.pk) for user in users]
    return prepared


async def choose(people: Sequence[tuple[int, str, int]], status: str) -> None:
    from chat.services import choose_presence

    def choose_all() -> None:
        for user, _, _ in people:
            choose_presence(user, status=status)

    await asyncio.to_thread(choose_all)


async def of_one_channel(stage: Stage) -> dict[str, Cost]:
    costs: dict[str, Cost] = {}
    await choose(stage.people, "invisible")
    costs["100 come at once, 3 times, unseen"] = await stage.measured(stage.all_come_at_once)
    await choose(stage.people, "online")
    costs["100 come at once, 3 times"] = await stage.measured(stage.all_come_at_once)
    await stage.come_all()
    await asyncio.sleep(SETTLE_SECONDS)
    await stage.learn_idle()
    costs["100 say a message at once, 6 times"] = await stage.measured(stage.all_say_at_once)
    costs["100 idle or not at once, 6 times"] = await stage.measured(stage.all_change_at_once)
    costs["100 type for 12 s"] = await stage.measured(lambda: stage.all_type(seconds=12))
    costs["100 say a message each 3 s for 12 s"] = await stage.measured(lambda: stage.all_say(over_seconds=3, times=4))
    await stage.go_all()
    return costs


async def of_a_crowd(stage: Stage) -> dict[str, Cost]:
    async def come_and_go() -> None:
        await stage.come_all(over_seconds=10)
        await stage.go_all(over_seconds=10)

    costs: dict[str, Cost] = {}
    await choose(stage.people, "invisible")
    costs["1,000 come and go, unseen"] = await stage.measured(come_and_go)
    await choose(stage.people, "online")
    costs["1,000 come and go, 10 s each"] = await stage.measured(come_and_go)
    await stage.come_all(over_seconds=10)
    await asyncio.sleep(SETTLE_SECONDS)
    await stage.learn_idle()
    costs["1,000 say a message each in 10 s"] = await stage.measured(lambda: stage.all_say(over_seconds=10))
    await stage.go_all()
    return costs


_AT_ONCE = "100 say a message at once, 6 times"
#: What is compared: presence (the second one, if there is one, is taken off) against messages.
RATIOS = [
    ("coming 3 times, to 6 messages", "100 come at once, 3 times", "100 come at once, 3 times, unseen", _AT_ONCE),
    ("becoming idle or not", "100 idle or not at once, 6 times", None, _AT_ONCE),
    ("typing", "100 type for 12 s", None, "100 say a message each 3 s for 12 s"),
    (
        "coming and going",
        "1,000 come and go, 10 s each",
        "1,000 come and go, unseen",
        "1,000 say a message each in 10 s",
    ),
]


def compared(costs: dict[str, Cost]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, presence, without, messages in RATIOS:
        if presence in costs and messages in costs:
            cpu = costs[presence].cpu - (costs[without].cpu if without else 0)
            size = sum(costs[presence].kilobytes.get(op, 0) for op in ("presence", "typing"))
            size -= costs[without].kilobytes.get("presence", 0) if without else 0
            said = costs[messages].kilobytes.get("changes", 0)
            found[name] = {
                "cpu_seconds": round(cpu, 3),
                "of_their_messages": round(cpu / max(0.001, costs[messages].cpu), 3),
                "kilobytes": round(size, 1),
                "kilobytes_of_their_messages": round(size / max(1, said), 3),
            }
    return found


async def measure(servers: Sequence[WebProcess], options: argparse.Namespace, people: list[Any]) -> dict[str, Any]:
    # As warm as they are in service before anything is counted.
    stage = Stage(servers, people[:MEMBERS])
    await stage.come_all()
    await stage.all_say()
    await stage.go_all()
    await asyncio.sleep(SETTLE_SECONDS)
    await stage.learn_idle()
    costs = await of_one_channel(stage)
    if options.crowd:
        crowd = Stage(servers, people)
        await asyncio.sleep(SETTLE_SECONDS)
        await crowd.learn_idle()
        costs |= await of_a_crowd(crowd)
    idle = {"CPU a second while nobody does anything": {name: round(cpu, 4) for name, cpu in stage.idle.items()}}
    return {"steps": {name: vars(cost) for name, cost in costs.items()} | idle, "ratios": compared(costs)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--no-crowd", dest="crowd", action="store_false", help="only one channel")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    django.setup()
    people = prepare(MEMBERS * CROWDS if options.crowd else MEMBERS)
    servers = [WebProcess(18110 + n) for n in range(options.processes)]
    try:
        for server in servers:
            server.wait_ready()
        figures = uvloop.run(measure(servers, options, people))
    finally:
        for server in servers:
            server.process.terminate()
        for server in servers:
            server.process.wait(40)
        embedded.leave(DATA)
    if options.json:
        print(json.dumps(figures))
        return
    for title, rows in figures.items():
        print(f"\n{title}")
        for name, row in rows.items():
            print(f"{name:>38}  " + "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
