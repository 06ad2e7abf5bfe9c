"""People with one socket each, over several web processes, and what the servers use for what they do."""

import asyncio
import os
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.core.management import call_command

from benchmarks.fanout import WebProcess, services_cpu
from benchmarks.rawclient import Frame, RawClient
from chat import services
from chat.models import Channel, Token, User
from delivery.load.processes import usage_of

DATA = Path(os.environ["GAPLESS_DATA"])
#: As many as a channel can have.
MEMBERS = 100
PARTS = ("web", "postgresql", "valkey")
#: What presence itself uses of the web processes' CPU, where they count it (benchmarks.timed).
OWN = "presence"


@dataclass(frozen=True)
class Person:
    user: int
    token: str
    channel: int


@dataclass
class Cost:
    """The cost of one step, without the servers' cost while idle."""

    seconds: float = 0.0
    cpu: Counter[str] = field(default_factory=Counter)
    #: Written to the sockets, by op.
    bytes: Counter[str] = field(default_factory=Counter)
    #: What the clients of the benchmark themselves used: far below `seconds`, or they were what was measured.
    clients_cpu: float = 0.0

    @property
    def cpu_ms(self) -> float:
        return sum(self.cpu[part] for part in PARTS) * 1000

    @property
    def presence_bytes(self) -> int:
        return self.bytes["presence"] + self.bytes["typing"]

    def __add__(self, other: "Cost") -> "Cost":
        cpu = Counter({part: self.cpu[part] + other.cpu[part] for part in (*PARTS, OWN)})
        clients = self.clients_cpu + other.clients_cpu
        return Cost(self.seconds + other.seconds, cpu, self.bytes + other.bytes, clients)

    def __str__(self) -> str:
        cpu = " ".join(f"{part} {self.cpu[part] * 1000:.0f}" for part in (*PARTS, OWN))
        size = " ".join(f"{op} {size / 1024:.0f}" for op, size in sorted(self.bytes.items()) if op != "hello")
        return f"CPU ms: {cpu} (clients {self.clients_cpu * 1000:.0f} in {self.seconds:.0f} s); KiB: {size}"


class Crowd:
    """The people at these servers. `idle` is what the servers use in a second by themselves (`learn_idle`)."""

    def __init__(self, servers: Sequence[WebProcess], people: Sequence[Person]) -> None:
        self._servers = servers
        self._people = people
        self._clients: list[RawClient] = []
        self._gone: Counter[str] = Counter()
        self._idle: Counter[str] = Counter()
        #: Seconds by which the latest socket was ready after its turn.
        self.latest = 0.0
        #: The newest number that a client has heard; everybody is in one channel where it is used.
        self.head = 0

    @property
    def user_ids(self) -> list[int]:
        return [person.user for person in self._people]

    @property
    def is_here(self) -> bool:
        return bool(self._clients)

    # ---- what they do ----

    async def come(self, *, over_seconds: float = 0.0) -> None:
        start = time.perf_counter()

        async def come_in_turn(place: int) -> None:
            turn = start + over_seconds * place / len(self._people)
            await asyncio.sleep(turn - time.perf_counter())
            await self._enter(place)
            self.latest = max(self.latest, time.perf_counter() - turn)

        await asyncio.gather(*(come_in_turn(place) for place in range(len(self._people))))

    async def go(self, *, over_seconds: float = 0.0) -> None:
        async def go_one(client: RawClient) -> None:
            self._gone += client.received
            client.abort()

        await self._in_turn(go_one, over_seconds=over_seconds)
        self._clients = []

    async def say(self, *, over_seconds: float = 0.0) -> None:
        async def say_one(client: RawClient) -> None:
            client.post("the quick brown fox jumps over the lazy dog", uuid.uuid4(), 1)

        await self._in_turn(say_one, over_seconds=over_seconds)

    async def tell_idle(self, is_idle: bool) -> None:
        for client in self._clients:
            client.send({"op": "presence", "idle": is_idle})

    async def acknowledge(self, op: str) -> None:
        """`op`: delivered or read. All say it of the newest message of their channel."""
        for client in self._clients:
            client.send({"op": op, "channel": client.channel, "seq": self.head})

    async def type(self, *, over_seconds: float = 0.0) -> None:
        async def type_one(client: RawClient) -> None:
            client.send({"op": "typing", "channel": client.channel, "on": True})

        await self._in_turn(type_one, over_seconds=over_seconds)

    async def _enter(self, place: int) -> None:
        person = self._people[place]
        port = self._servers[place % len(self._servers)].port
        _, client = await asyncio.get_running_loop().create_connection(
            lambda: RawClient(
                host=f"localhost:{port}", token=person.token, channel=person.channel, head=0, on_frame=self._note_head
            ),
            "127.0.0.1",
            port,
        )
        await client.ready
        self._clients.append(client)

    def _note_head(self, frame: Frame) -> None:
        if frame.op == "changes":
            self.head = max(self.head, frame.head)

    async def _in_turn(self, act: Callable[[RawClient], Awaitable[None]], *, over_seconds: float) -> None:
        start = time.perf_counter()
        for place, client in enumerate(self._clients):
            wait = start + over_seconds * place / len(self._clients) - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            await act(client)

    # ---- what it costs ----

    async def learn_idle(self, seconds: float) -> None:
        """A whole heartbeat at least, when there are sockets."""
        before = self._used()
        await asyncio.sleep(seconds)
        now = self._used()
        self._idle = Counter({part: (now[part] - before[part]) / seconds for part in now})

    async def measured(self, step: Callable[[], Awaitable[None]], *, settle_seconds: float) -> Cost:
        """settle_seconds: after them nothing of the step is on its way any more."""
        before, had, start, own = self._used(), self._received(), time.perf_counter(), time.process_time()
        await step()
        await asyncio.sleep(settle_seconds)
        took, now = time.perf_counter() - start, self._used()
        cpu = Counter({part: now[part] - before[part] - self._idle[part] * took for part in now})
        return Cost(took, cpu, self._received() - had, time.process_time() - own)

    @property
    def idle_ms(self) -> dict[str, float]:
        return {part: round(spent * 1000, 1) for part, spent in self._idle.items()}

    def _used(self) -> Counter[str]:
        web = sum(usage_of(server.process.pid).cpu_seconds for server in self._servers)
        files = [DATA / f"presence-{server.port}" for server in self._servers]
        own = sum(float(file.read_text() or 0) for file in files if file.exists())
        return Counter({"web": web, OWN: own, **services_cpu(DATA)})

    def _received(self) -> Counter[str]:
        total = Counter(self._gone)
        for client in self._clients:
            total += client.received
        return total


def gather(count: int) -> list[Person]:
    """Creates so many people, a hundred to a channel, each in one channel; the same in every run."""
    call_command("migrate", interactive=False, verbosity=0)
    people: list[Person] = []
    for number in range(-(-count // MEMBERS)):
        users = [_person(f"crowd{number}-{n}") for n in range(MEMBERS)]
        channel = Channel.objects.filter(name=f"crowd {number}").first()
        channel = channel or services.open_channel(users[0], name=f"crowd {number}", members=users[1:])
        for user in users:
            Token.objects.filter(user=user).delete()
            people.append(Person(user.pk, services.create_token(user, name="crowd"), channel.pk))
    return people


def _person(name: str) -> User:
    return User.objects.filter(username=name).first() or services.create_user(name)
