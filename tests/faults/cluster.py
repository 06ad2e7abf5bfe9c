"""Three real web processes over the harness' services, a proxy between each pair, and a stage hand for the verbs."""

import asyncio
import contextlib
import itertools
import os
import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.faults.breakages import BREAKAGES
from tests.faults.clients import Client
from tests.faults.habits import Habits
from tests.faults.history import Faulted, History
from tests.faults.proxy import PASS
from tests.faults.proxy_thread import ProxyThread
from tests.faults.services import OwnServices
from tests.faults.stage import Stage
from tests.faults.web import KEY, NEXT_KEY, Web
from tests.faults.wire import ORIGIN, bearer, cookies


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
        # What bounds people is out of the way of what they do here; it is counted all the same.
        roomy = {
            "messages_per_minute": 0,
            "requests_per_minute": 0,
            "uploads_per_minute": 0,
            "pool": 6,
            "sockets_per_user": 1000,
            "spare_sockets": 1000,
        }
        given = {**roomy, **limits}
        environ = {
            **os.environ,
            **{f"GAPLESS_LIMIT_{name.upper()}": str(value) for name, value in given.items()},
            "GAPLESS_DATA": str(self.services.data),
            "SECRET_KEY": KEY,
            # Announced before it is used, as a key that is changed under load must be.
            "SECRET_KEY_FALLBACKS": NEXT_KEY,
            "ALLOWED_ORIGINS": ORIGIN,
            "DJANGO_SETTINGS_MODULE": "chatproject.settings",
            "WEB_WORKERS": "1",
            "HOST": "127.0.0.1",
        }
        urls = {"DATABASE_URL": self.services.postgres.url, "REDIS_URL": self.services.valkey.url, "PORT": "65000"}
        self.environ = environ
        self.webs = [Web(f"web{n}", self.services, self._thread, environ, seed=seed) for n in range(webs)]
        self.stage = Stage({**environ, **urls}, log=self.services.data / "stage.log")
        self._names = itertools.count(1)
        #: The breakages that all web processes have now (tests.faults.broken).
        self.build: tuple[str, ...] = ()

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
        session: str = "",
    ) -> Client:
        """A program with the user's token or, with a session, a browser. `webs`: the only ones that it comes to."""
        login = cookies(session) if session else bearer(company.tokens[user])
        return Client(
            f"u{user}.{device}", user=user, login=login, doors=webs or self.webs, door=user + device,
            history=history, habits=habits or Habits(), seed=self.seed,
        )  # fmt: skip

    async def mend(self) -> None:
        """Whatever was done to it: everything runs again and every proxy passes."""
        for web in self.webs:
            for proxy in web.proxies:
                proxy.snare = None
                proxy.apply(PASS)
            if web.clock is not None:
                web.move_clock(0)
                # What starts from here on has the machine's clock again.
                web.clock = None
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
        healing = [statement for breakage in self.build for statement in BREAKAGES[breakage].after]
        breaking = [statement for breakage in breakages for statement in BREAKAGES[breakage].before]
        for statement in [*healing, *breaking]:
            await asyncio.to_thread(self.services.postgres.run, statement)
        self.build = breakages
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
