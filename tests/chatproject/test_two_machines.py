"""Two machines behind nginx and behind HAProxy, as deploy/ has them, replaced one after the other under load: nothing is lost."""

import asyncio
import contextlib
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chat.models import Message
from delivery.client import Client
from tests.conftest import Cast, in_thread
from tests.stage.proxies import NAME, proxy
from tests.stage.servers import Server, expect

CLIENTS, RATE = 40, 20


class Follower:
    """What one client heard, and for how long it was away each time."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.away: list[float] = []

    async def follow(self, client: Client) -> None:
        async for event in client.events():
            self.bodies += [change["body"] for change in event.changes if change["kind"] == "text"]

    async def watch(self, client: Client) -> None:
        left_at = 0.0
        while True:
            await asyncio.sleep(0.01)
            if not client._online.is_set():
                left_at = left_at or time.monotonic()
            elif left_at:
                self.away.append(time.monotonic() - left_at)
                left_at = 0.0


@pytest.mark.by_hand
@pytest.mark.parametrize("name", ["nginx", "haproxy"])
@pytest.mark.parametrize("how", ["reload", "restart"])
async def test_two_machines_are_replaced_one_after_the_other_and_nothing_is_lost(
    name: str,
    how: str,
    own_server: Callable[..., Server],
    cast: Cast,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {
        "ALLOWED_ORIGINS": f"https://{NAME}",
        "ALLOWED_HOSTS": f"{NAME},localhost",
        "TRUSTED_PROXIES": "127.0.0.0/8",
        "GAPLESS_LIMIT_MESSAGES_PER_MINUTE": "0",
        "GAPLESS_LIMIT_SOCKETS_PER_USER": "100",
        "GAPLESS_LIMIT_SPARE_SOCKETS": "100",
        "GAPLESS_LIMIT_POOL": "4",
    }
    machines = [own_server(arguments=("serve", "--workers", "2"), **settings) for _ in range(2)]
    followers = [Follower() for _ in range(CLIENTS)]
    with proxy(name, tmp_path, *(machine.port for machine in machines)) as front:
        monkeypatch.setenv("SSL_CERT_FILE", str(front.certificate))
        url = f"wss://localhost:{front.https}/ws/"
        async with contextlib.AsyncExitStack() as stack:
            alice = await stack.enter_async_context(Client(url, token=cast.token(cast.alice)))
            for follower in followers:
                client = await stack.enter_async_context(Client(url, token=cast.token(cast.bob)))
                for beside in (follower.follow(client), follower.watch(client)):
                    stack.callback(asyncio.ensure_future(beside).cancel)
            sent = 0
            is_over = asyncio.Event()

            async def post() -> None:
                nonlocal sent
                while not is_over.is_set():
                    await alice.post(cast.team.pk, f"{sent}")
                    sent += 1
                    await asyncio.sleep(1 / RATE)

            posting = asyncio.ensure_future(post())
            for machine in machines:
                await (_reload if how == "reload" else _restart)(machine)
            is_over.set()
            await posting
            await expect(lambda: all(len(follower.bodies) >= sent for follower in followers), within=60)
    expected = [f"{n}" for n in range(sent)]
    lost = sum(len(set(expected) - set(follower.bodies)) for follower in followers)
    away = sorted(seconds for follower in followers for seconds in follower.away)
    shown = f"p50 {statistics.median(away):.2f} s, max {away[-1]:.2f} s" if away else "nobody"
    print(f"\n{name}, {how}: {sent} messages to {CLIENTS} clients, lost {lost}; away {len(away)} times: {shown}")
    assert all(follower.bodies == expected for follower in followers)
    assert await in_thread(Message.objects.filter(kind="text").count) == sent


async def _reload(machine: Server) -> None:
    said = machine.log.read_text().count("web processes were replaced")
    machine.signal(signal.SIGHUP)
    await expect(lambda: machine.log.read_text().count("web processes were replaced") > said, within=180)


async def _restart(machine: Server) -> None:
    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(None, machine.stop) == 0
    await loop.run_in_executor(None, machine.start)
