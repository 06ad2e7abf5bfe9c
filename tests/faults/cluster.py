"""Three real web processes over the harness' services, a proxy between each pair, and a stage hand for the verbs."""

import asyncio
import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from chatproject.children import die_with_parent
from chatproject.embedded import DATABASE
from tests.faults.broken import BREAKAGES
from tests.faults.clients import Client, Habits
from tests.faults.history import Faulted, History
from tests.faults.proxy import PASS, Proxy, ProxyThread
from tests.faults.services import ROOT, OwnServices
from tests.faults.stage import Stage

START_SECONDS = 30
STOP_SECONDS = 35


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Web:
    """One `manage.py serve --workers 1`. Its links: `doors` (clients to it), `database` and `redis` (it to its services)."""

    def __init__(
        self, name: str, services: OwnServices, thread: ProxyThread, environ: dict[str, str], *, seed: int
    ) -> None:
        self.name = name
        self.own_port = free_port()
        self.front = Proxy(thread, ("127.0.0.1", self.own_port), name=f"{name} front", seed=seed)
        self.database = Proxy(thread, services.postgres.socket, name=f"{name} database", seed=seed)
        self.redis = Proxy(thread, services.valkey.socket, name=f"{name} redis", seed=seed)
        self.log = services.data / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        #: The broken build that is started, if any (tests.faults.broken).
        self.broken = ""
        self._environ = environ

    @property
    def port(self) -> int:
        """Where clients knock."""
        return self.front.port

    @property
    def proxies(self) -> tuple[Proxy, Proxy, Proxy]:
        return self.front, self.database, self.redis

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def launch(self) -> None:
        """Starts the process; `ready` says when it is there."""
        module = ["-m", "tests.faults.broken"] if self.broken else ["manage.py"]
        variables = {
            "PORT": str(self.own_port),
            "DATABASE_URL": f"postgresql://{DATABASE}@127.0.0.1:{self.database.port}/{DATABASE}?sslmode=disable&gssencmode=disable",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}/0",
            "GAPLESS_BROKEN": self.broken,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", *module, "serve", "--workers", "1"],
                cwd=ROOT, env={**self._environ, **variables}, stdout=log, stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )  # fmt: skip

    async def start(self) -> None:
        self.launch()
        await self.ready()

    async def ready(self) -> None:
        """Returns when the process takes sockets. Raises AssertionError with its log.

        Without PostgreSQL a start ends at once with exit code 1: then it is started again, as a supervisor would.
        """
        deadline = time.monotonic() + START_SECONDS
        while not await self.answers():
            assert time.monotonic() < deadline, f"{self.name} does not start: {self.log.read_text()[-2000:]}"
            if not self.is_running:
                self.launch()
            await asyncio.sleep(0.05)

    async def answers(self) -> bool:
        """Whether /healthz says so, past the proxy."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.own_port)
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = await reader.read(15)
                writer.close()
                return answer.startswith(b"HTTP/1.1 200")
        return False

    def send(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    async def terminate(self) -> int:
        """SIGTERM, and the exit code; -9 when it had to be killed after all."""
        self.send(signal.SIGTERM)
        assert self.process is not None
        deadline = time.monotonic() + STOP_SECONDS
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                self.kill()
            await asyncio.sleep(0.02)
        return int(self.process.returncode)


@dataclass(frozen=True, kw_only=True)
class Company:
    """People with their tokens, and channels with their members (user ids, the owner first)."""

    users: list[int]
    tokens: dict[int, str]
    channels: dict[int, list[int]]

    def channels_of(self, user: int) -> list[int]:
        return [channel for channel, members in self.channels.items() if user in members]


class Cluster:
    """`async with Cluster(seed=…) as cluster:` is running. `limits`: of the product, by field name."""

    def __init__(self, *, webs: int = 3, seed: int = 0, **limits: int) -> None:
        self.seed = seed
        self.services = OwnServices()
        self._thread = ProxyThread()
        self.limits = limits
        given = {"messages_per_minute": 0, "pool": 6, **limits}
        environ = {
            **os.environ,
            **{f"GAPLESS_LIMIT_{name.upper()}": str(value) for name, value in given.items()},
            "GAPLESS_DATA": str(self.services.data),
            "SECRET_KEY": "a key for faults",
            "DJANGO_SETTINGS_MODULE": "chatproject.settings",
            "WEB_WORKERS": "1",
            "HOST": "127.0.0.1",
        }
        urls = {"DATABASE_URL": self.services.postgres.url, "REDIS_URL": self.services.valkey.url, "PORT": "65000"}
        self.environ = environ
        self.webs = [Web(f"web{n}", self.services, self._thread, environ, seed=seed) for n in range(webs)]
        self.stage = Stage({**environ, **urls}, log=self.services.data / "stage.log")
        self._names = itertools.count(1)
        self._broken: tuple[str, ...] = ()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self) -> None:
        """Services and web processes; returns when all take work. `close` ends them."""
        try:
            await self.services.start()
            for web in self.webs:
                web.launch()
            await asyncio.gather(*(web.ready() for web in self.webs))
        except BaseException:
            self.close()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        for web in self.webs:
            if web.is_running:
                web.send(signal.SIGCONT)
                web.kill()
        self.stage.close()
        self._thread.close()
        self.services.close()

    @property
    def postgres(self) -> Any:
        return self.services.postgres

    @property
    def valkey(self) -> Any:
        return self.services.valkey

    async def company(self, *, people: int, channels: int, members: int, kind: str = "private") -> Company:
        """New people in new channels, made by the verbs; everybody is in about as many channels as everybody else."""
        chance = random.Random(f"{self.seed} company")
        order = [
            place for _ in range(channels * members // people + 2) for place in chance.sample(range(people), people)
        ]
        places: list[list[int]] = []
        for _ in range(channels):
            mine: list[int] = []
            while len(mine) < min(members, people):
                mine.append(next(place for place in order if place not in mine))
                order.remove(mine[-1])
            places.append(mine)
        made = await self.stage.ask("cast", name=f"c{next(self._names)}", people=people, channels=places, kind=kind)
        users = made["users"]
        return Company(
            users=users,
            tokens=dict(zip(users, made["tokens"], strict=True)),
            channels={pk: [users[p] for p in mine] for pk, mine in zip(made["channels"], places, strict=True)},
        )

    def client(
        self,
        company: Company,
        user: int,
        history: History,
        *,
        device: int = 0,
        habits: Habits | None = None,
        webs: Sequence[Web] = (),
    ) -> Client:
        return Client(
            f"u{user}.{device}", user=user, token=company.tokens[user], doors=webs or self.webs, history=history,
            habits=habits or Habits(), seed=self.seed,
        )  # fmt: skip

    async def mend(self) -> None:
        """Whatever was done to it: everything runs again and every proxy passes."""
        for web in self.webs:
            for proxy in web.proxies:
                proxy.snare = None
                proxy.apply(PASS)
        for service in (self.services.postgres, self.services.valkey):
            service.thaw()
            if service.process.poll() is not None:
                service.launch()
            await service.ready()
        for web in self.webs:
            if web.is_running:
                web.send(signal.SIGCONT)
            else:
                web.launch()
        await asyncio.gather(*(web.ready() for web in self.webs))

    async def break_with(self, *breakages: str) -> None:
        """All web processes as this broken build (tests.faults.broken); without a breakage as the sound one again."""
        for web in self.webs:
            if web.is_running:
                web.kill()
            web.broken = ",".join(breakages)
        healing = [statement for breakage in self._broken for statement in BREAKAGES[breakage].after]
        breaking = [statement for breakage in breakages for statement in BREAKAGES[breakage].before]
        for statement in [*healing, *breaking]:
            await asyncio.to_thread(self.services.postgres.run, statement)
        self._broken = breakages
        for web in self.webs:
            web.launch()
        await asyncio.gather(*(web.ready() for web in self.webs))


@contextlib.asynccontextmanager
async def fault(history: History, name: str, target: str) -> Any:
    """Notes that a fault begins, and that it is over."""
    history.append(Faulted(name=name, target=target, phase="begin"))
    try:
        yield
    finally:
        history.append(Faulted(name=name, target=target, phase="end"))
