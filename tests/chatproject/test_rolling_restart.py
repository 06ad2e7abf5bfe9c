"""SIGHUP: new web processes replace the old ones, one by one, and no client is refused meanwhile."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from chat.models import Message
from chatproject.serving.supervisor import Supervisor
from delivery.client import Client
from tests.conftest import Cast, in_thread
from tests.stage.servers import Server, expect
from tests.stage.supervising import TINY, Knocking, said_in, supervised, until

Start = Callable[..., Server]


class Systemd:
    """As much of it as hears what a service says."""

    def __init__(self, path: Path) -> None:
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._line.bind(str(path))
        self._heard: list[str] = []
        self.signs_of_life = 0

    def __enter__(self) -> "Systemd":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def heard(self) -> list[str]:
        with contextlib.suppress(BlockingIOError):
            while True:
                said = self._line.recv(1000).decode().split("\n")[0]
                if said == "WATCHDOG=1":
                    self.signs_of_life += 1
                else:
                    self._heard.append(said)
        return self._heard


def test_each_process_gets_a_successor_and_nobody_is_refused(
    port: int, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings = [*TINY, "--successor"]

    def scenario(supervisor: Supervisor) -> None:
        with Knocking(port) as knocking:
            until(lambda: len(knocking.answered_by()) == 2)
            before = knocking.answered_by()
            os.kill(os.getpid(), signal.SIGHUP)
            until(lambda: said_in(log, "2 web processes were replaced"))
            knocking.answers.clear()
            until(lambda: len(knocking.answered_by()) == 2)
            assert not knocking.answered_by() & before
        assert knocking.failures == []
        assert "" not in knocking.answers

    supervised(port, scenario, successor=with_settings)


def test_one_that_does_not_come_up_stops_the_rolling_and_the_old_ones_stay(
    port: int, log: pytest.LogCaptureFixture
) -> None:
    def scenario(supervisor: Supervisor) -> None:
        with Knocking(port) as knocking:
            until(lambda: len(knocking.answered_by()) == 2)
            before = knocking.answered_by()
            supervisor.roll()
            until(lambda: said_in(log, "did not come up (it ended with 3): nothing more is replaced, and 2 of 2 stay"))
            knocking.answers.clear()
            until(lambda: knocking.answered_by() == before)
        assert knocking.failures == []

    supervised(port, scenario, successor=[*TINY, "--successor", "--breaks"])


def test_the_end_in_the_middle_of_the_rolling_ends_every_process(port: int, log: pytest.LogCaptureFixture) -> None:
    def scenario(supervisor: Supervisor) -> None:
        with Knocking(port) as knocking:
            until(lambda: len(knocking.answered_by()) == 2)
        supervisor.roll()
        until(lambda: said_in(log, "one after another"))

    supervised(port, scenario, successor=[*TINY, "--successor"])
    assert psutil.Process().children() == [] or all(
        "tiny_worker" not in " ".join(child.cmdline()) for child in psutil.Process().children()
    )


def test_a_new_process_reads_the_settings_file_anew(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if it had been read from `.env` at the start of the parent: it is not handed on as if it were the environment's.
    monkeypatch.setenv("SAYS", "the old setting")

    def scenario(supervisor: Supervisor) -> None:
        with Knocking(port) as knocking:
            until(lambda: knocking.answers)
        assert not [answer for answer in knocking.answers if "old" in answer]

    supervised(port, scenario, successor=TINY)


def test_systemd_hears_that_all_serve_that_they_are_replaced_and_that_they_end(
    port: int, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Systemd(tmp_path / "notify") as systemd:
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        def scenario(supervisor: Supervisor) -> None:
            until(lambda: "READY=1" in systemd.heard())
            supervisor.roll()
            until(lambda: systemd.heard()[-1] == "READY=1" and said_in(log, "2 web processes were replaced"))

        supervised(port, scenario, successor=[*TINY, "--successor"])
        [status] = [word for word in systemd.heard() if word.startswith("STATUS=")]
        assert systemd.heard() == ["READY=1", "RELOADING=1", status, "READY=1", "STOPPING=1"]
        assert status.startswith("STATUS=2 web processes were replaced in ")
        assert systemd.signs_of_life >= 1


async def test_a_process_that_serves_alone_hands_over_without_a_refusal_and_nothing_is_lost(
    own_server: Start, cast: Cast, tmp_path: Path
) -> None:
    systemd = Systemd(tmp_path / "notify")
    server = own_server(
        GAPLESS_LIMIT_MESSAGES_PER_MINUTE="0",
        GAPLESS_LIMIT_REQUESTS_PER_MINUTE="0",
        NOTIFY_SOCKET=str(tmp_path / "notify"),
    )
    assert server.process is not None
    pid = server.process.pid
    statuses: list[object] = []
    heard: list[str] = []
    is_over = asyncio.Event()

    async def knock() -> None:
        while not is_over.is_set():
            # Not faster: a process that starts needs the machine too.
            await asyncio.sleep(0.02)
            try:
                async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
                    statuses.append((await http.get(f"{server.url}/healthz")).status_code)
            except httpx.HTTPError as error:
                statuses.append(repr(error))

    async def read(client: Client) -> None:
        async for event in client.events():
            heard.extend(change["body"] for change in event.changes if change["kind"] == "text")

    async with (
        Client(server.ws, token=cast.token(cast.alice)) as alice,
        Client(server.ws, token=cast.token(cast.bob)) as bob,
    ):
        reading, knocking = asyncio.ensure_future(read(bob)), asyncio.ensure_future(knock())
        sent = 0

        async def post_until(condition: Callable[[], bool]) -> None:
            nonlocal sent
            deadline = time.monotonic() + 60
            while not condition():
                assert time.monotonic() < deadline
                await asyncio.sleep(0.02)
                await alice.post(cast.team.pk, f"{sent}")
                sent += 1

        await post_until(lambda: sent >= 20)
        server.signal(signal.SIGHUP)
        await post_until(lambda: alice.reconnects >= 1 and bob.reconnects >= 1)
        more = sent + 20
        await post_until(lambda: sent >= more)
        await expect(lambda: len(heard) >= sent)
        await expect(lambda: systemd.heard() == ["READY=1", "RELOADING=1", "READY=1"])
        is_over.set()
        await knocking
        reading.cancel()
    assert heard == [f"{n}" for n in range(sent)]
    assert await in_thread(Message.objects.filter(kind="text").count) == sent
    assert set(statuses) == {200}
    assert psutil.Process(pid).children(), "the process that was told is the parent of the one that serves"
    server.signal(signal.SIGTERM)
    assert await in_thread(server.process.wait, 35) == 0
    assert systemd.heard()[-1] == "STOPPING=1"
    assert systemd.signs_of_life > 1
    told = [json.loads(line) for line in server.log.read_text().splitlines() if '"gapless.serve"' in line]
    assert [line["event"].split(":")[0] for line in told] == [
        *("serves", "SIGHUP", "serves", "has handed over", "has ended", "has ended")
    ]
    assert told[3]["sockets"] == 2
