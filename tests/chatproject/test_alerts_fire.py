"""Alerts fire: a real Prometheus scrapes real servers while faults happen. Needs Debian's prometheus.

docs/runbooks.md says of each by what it was seen firing.
"""

import asyncio
import contextlib
import dataclasses
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from django.conf import settings
from django.db import connection

from chat import clock, services
from chat.models import Channel
from chat.tools.fill import fill_channel
from tests.conftest import Cast, in_thread, locked
from tests.faults.proxy import REFUSE, Fault, Proxy
from tests.faults.proxy_thread import ProxyThread
from tests.stage.background_work import again_and_again, beside
from tests.stage.harms import kill_workers, make_a_mistake, run_sql, throttle
from tests.stage.listening import Listening
from tests.stage.ports import free_port
from tests.stage.prometheus import Prometheus
from tests.stage.servers import Server
from tests.stage.support import open_desk, visit
from tests.stage.valkeys import Valkey

pytestmark = pytest.mark.by_hand

Start = Callable[..., Server]
FREE = {"GAPLESS_LIMIT_MESSAGES_PER_MINUTE": "0", "GAPLESS_LIMIT_REQUESTS_PER_MINUTE": "0"}


@pytest.fixture
def figures_port() -> int:
    return free_port()


@pytest.fixture
def other_port() -> int:
    return free_port()


@pytest.fixture
def prometheus(tmp_path: Path, figures_port: int, other_port: int) -> Iterator[Prometheus]:
    watching = Prometheus(tmp_path, figures_port, other_port)
    yield watching
    watching.close()


@pytest.fixture
def proxies() -> Iterator[ProxyThread]:
    thread = ProxyThread()
    yield thread
    thread.close()


@pytest.fixture
def to_database(proxies: ProxyThread, transactional_db: None) -> Proxy:
    of = connection.settings_dict
    return Proxy(proxies, Path(str(of["HOST"])) / f".s.PGSQL.{of['PORT'] or 5432}", name="database")


@pytest.fixture
def to_redis(proxies: ProxyThread, valkey: Valkey) -> Proxy:
    return Proxy(proxies, valkey.socket, name="redis")


def url_through(proxy: Proxy) -> str:
    of = connection.settings_dict
    options = "sslmode=disable&gssencmode=disable"
    return f"postgresql://{of['USER']}@127.0.0.1:{proxy.port}/{of['NAME']}?{options}"


async def test_alerts_of_processes_and_of_redis(
    own_server: Start, cast: Cast, valkey: Valkey, prometheus: Prometheus, figures_port: int
) -> None:
    server = own_server(arguments=("serve", "--workers", "2"), REDIS_URL=valkey.url, METRICS_PORT=str(figures_port))
    assert server.process is not None
    supervisor = psutil.Process(server.process.pid)
    fires = prometheus.fires

    valkey.kill()
    await fires("GaplessRedisAway")
    valkey.start()
    await prometheus.is_quiet("GaplessRedisAway")

    # One alone would be replaced.
    both = [child.pid for child in supervisor.children()]
    for pid in both:
        os.kill(pid, signal.SIGSTOP)
    await fires("GaplessStuck")
    for pid in both:
        os.kill(pid, signal.SIGCONT)
    await prometheus.is_quiet("GaplessStuck")

    few = psutil.Process(both[0]).num_fds() + 5
    _, most = before = resource.prlimit(both[0], resource.RLIMIT_NOFILE)
    resource.prlimit(both[0], resource.RLIMIT_NOFILE, (few, most))
    await fires("GaplessOpenFiles")
    resource.prlimit(both[0], resource.RLIMIT_NOFILE, before)

    await make_a_mistake(server, cast)
    await fires("GaplessMistakes")
    await kill_workers(server, supervisor, times=5)
    await fires("GaplessWorkersDying")
    server.kill()
    await fires("GaplessDown")


async def test_alerts_of_the_database(
    own_server: Start, cast: Cast, prometheus: Prometheus, figures_port: int, to_database: Proxy
) -> None:
    server = own_server(
        arguments=("serve", "--workers", "2"), METRICS_PORT=str(figures_port), DATABASE_URL=url_through(to_database),
        GAPLESS_LIMIT_POOL="2", GAPLESS_LIMIT_REQUESTS_WAITING="4", GAPLESS_LIMIT_COMMIT_SECONDS="20",
        GAPLESS_LIMIT_LOCK_SECONDS="15", GAPLESS_LIMIT_STATEMENT_SECONDS="18", GAPLESS_LIMIT_REQUESTS_AT_ONCE="0", **FREE,
    )  # fmt: skip
    async with server.connect(cast.token(cast.alice)) as alice:
        # Somebody holds a channel's row.
        with locked(cast.team):
            sent = [asyncio.ensure_future(alice.post(cast.team.pk, f"{number}")) for number in range(800)]
            await prometheus.fires("GaplessLaneFilling")
        await asyncio.gather(*sent, return_exceptions=True)
        await prometheus.fires("GaplessSlowCommit")

        await hold_what_everybody_needs(server, cast, alice, prometheus)

        # It is gone.
        to_database.cut(REFUSE)
        async with beside(again_and_again(lambda: alice.post(cast.team.pk, "away"))):
            await prometheus.fires("GaplessDatabaseAway")
        to_database.cut()


async def test_alerts_of_deliveries(
    own_server: Start, cast: Cast, prometheus: Prometheus, figures_port: int, to_redis: Proxy,
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    redis_url = f"redis://127.0.0.1:{to_redis.port}/0"
    server = own_server(
        arguments=("serve", "--workers", "2"), METRICS_PORT=str(figures_port), REDIS_URL=redis_url, **FREE
    )
    assert server.process is not None
    processes = [child.pid for child in psutil.Process(server.process.pid).children()]
    monkeypatch.setattr(settings, "LIMITS", dataclasses.replace(settings.LIMITS, creations_per_hour=0))
    many = await in_thread(channels_of_both, cast)
    async with contextlib.AsyncExitStack() as stack:
        alice = await stack.enter_async_context(server.connect(cast.token(cast.alice)))
        # In both processes.
        for _ in range(8):
            await stack.enter_async_context(server.connect(cast.token(cast.bob)))

        # Redis answers late.
        to_redis.apply(Fault(latency_seconds=0.35))
        async with beside(again_and_again(lambda: alice.post(cast.team.pk, "late"))):
            await prometheus.fires("GaplessSlowDelivery")
        to_redis.apply(Fault())

        # Redis drops its listeners again and again.
        async def drop_and_post() -> None:
            await in_thread(valkey.ask().client_kill_filter, _type="pubsub")
            await asyncio.gather(*(alice.post(channel.pk, "unheard") for channel in many))

        async with beside(again_and_again(drop_and_post, pause=12)):
            await prometheus.fires("GaplessGaps", within=150)

        # The machine gives the processes no turns.
        async with beside(again_and_again(lambda: throttle(processes))):
            await prometheus.fires("GaplessEventLoopLag")
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


async def test_alerts_of_clients_and_of_the_desk(
    own_server: Start, cast: Cast, prometheus: Prometheus, figures_port: int, other_port: int
) -> None:
    server = own_server(
        arguments=("serve", "--workers", "2"), METRICS_PORT=str(figures_port), GAPLESS_LIMIT_SOCKETS_PER_USER="200",
        GAPLESS_LIMIT_SPARE_SOCKETS="400", GAPLESS_LIMIT_OUTBOX_BYTES="100000", GAPLESS_LIMIT_OUTBOX_SOFT_BYTES="50000", **FREE,
    )  # fmt: skip

    # Clients come back after more than is replayed.
    await in_thread(fill_channel, cast.team.pk, written=[(cast.alice.pk, "meanwhile", clock.now())] * 1100)
    async with beside(again_and_again(lambda: come_back(server, cast), pause=0)):
        await prometheus.fires("GaplessResyncs")

    # A deployment stops half way.
    own_server(METRICS_PORT=str(other_port), COMMIT="another")
    await prometheus.fires("GaplessTwoVersions")

    # Somebody holds the row of a conversation whose snooze is over.
    await in_thread(snoozed_and_held, prometheus)

    # Clients stop reading.
    async with contextlib.AsyncExitStack() as stack:
        alice = await stack.enter_async_context(server.connect(cast.token(cast.alice)))
        readers = [await stack.enter_async_context(server.connect(cast.token(cast.bob))) for _ in range(70)]
        for reader in readers:
            stop_reading(reader)
        async with beside(again_and_again(lambda: alice.post(cast.team.pk, "x" * 2000), pause=0)):
            await prometheus.fires("GaplessSlowReaders", within=120)
        for reader in readers:
            reader._socket.transport.abort()


async def hold_what_everybody_needs(server: Server, cast: Cast, alice: Listening, prometheus: Prometheus) -> None:
    """Somebody holds rows for which every connection of the pools waits; then nobody is taken in."""
    other = await in_thread(services.open_channel, cast.alice, name="other")
    said = await alice.post(cast.team.pk, "to be edited")
    message = f"/api/v1/channels/{cast.team.pk}/messages/{said['message']['id']}/"
    authorization = {"Authorization": f"Bearer {cast.token(cast.alice)}"}
    async with httpx.AsyncClient(base_url=server.url, headers=authorization, trust_env=False, timeout=30) as http:

        async def post() -> None:
            await asyncio.gather(*(alice.post(one.pk, "waits") for one in (cast.team, other)))

        async def edit() -> None:
            await asyncio.gather(*(http.patch(message, json={"body": f"{time.monotonic()}"}) for _ in range(8)))

        async def knock() -> None:
            await asyncio.gather(*(http.get("/sign-in/", headers={"Authorization": ""}) for _ in range(40)))

        for name, acts in (("GaplessPoolExhausted", (edit, post)), ("GaplessDoorsFull", (edit, post, knock))):
            for _ in range(6):
                with locked(cast.team), locked(other):
                    async with beside(*(again_and_again(act) for act in acts)):
                        with contextlib.suppress(AssertionError):
                            await prometheus.fires(name, within=9)
                            break
            await prometheus.fires(name, within=5)


def channels_of_both(cast: Cast) -> list[Channel]:
    return [
        services.open_channel(cast.alice, name=f"c{number}", kind="private", members=[cast.bob])
        for number in range(120)
    ]


def stop_reading(reader: Listening) -> None:
    transport = reader._socket.transport
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    transport.pause_reading()


async def come_back(server: Server, cast: Cast) -> None:
    async with server.connect(cast.token(cast.bob), heads={cast.team.pk: 1}):
        pass


def snoozed_and_held(prometheus: Prometheus) -> None:
    conversation = visit(open_desk().inbox).begin()
    channel = Channel.objects.get(pk=conversation.pk)
    deadline = time.monotonic() + 60
    while "GaplessClockworkLate" not in prometheus.firing():
        assert time.monotonic() < deadline
        with locked(channel):
            run_sql(
                "UPDATE conversations SET state = 'snoozed', waiting_since = NULL, snoozed_until = now() - interval '2 minutes'"
                f" WHERE channel_id = {conversation.pk}"
            )
            while "GaplessClockworkLate" not in prometheus.firing() and time.monotonic() % 10 < 9:
                time.sleep(0.2)
    print("seen firing: GaplessClockworkLate")
