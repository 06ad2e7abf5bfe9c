"""Web processes that are killed, stopped and replaced: what was acknowledged is there, and people are sent elsewhere."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from django.db import connection, transaction

from chat import services
from chat.models import Message
from tests.conftest import Cast, in_thread, locked
from tests.delivery.test_socket import push
from tests.stage.servers import ROOT, Server, expect, free_port

Start = Callable[..., Server]


async def test_what_was_acknowledged_survives_kill_9(servers: list[Server], own_server: Start, cast: Cast) -> None:
    dying = own_server(GAPLESS_LIMIT_MESSAGES_PER_MINUTE="0")
    sent: dict[str, str] = {}
    acknowledged: list[str] = []

    async def send_all() -> None:
        async with dying.connect(cast.token(cast.alice)) as alice:
            for n in range(10_000):
                key = str(uuid.uuid4())
                sent[key] = f"{n}"
                await alice.post(cast.team.pk, f"{n}", client_msg_id=key)
                acknowledged.append(key)

    async with servers[1].connect(cast.token(cast.bob)) as bob:
        sending = asyncio.ensure_future(send_all())
        await expect(lambda: len(acknowledged) > 50)
        dying.kill()
        with contextlib.suppress(ConnectionError):
            await sending
        async with servers[0].connect(cast.token(cast.alice)) as alice:
            unknown = [key for key in sent if key not in acknowledged]
            assert len(unknown) <= 1
            for key in unknown:
                await alice.post(cast.team.pk, sent[key], client_msg_id=key)
            await alice.post(cast.team.pk, "end")
        await expect(lambda: [c["body"] for c in bob.changes[cast.team.pk]][-1] == "end", within=15)
        heard = [change["client_msg_id"] for change in bob.changes[cast.team.pk]]
        assert heard[:-1] == list(sent)
        assert bob.gaps == 0
    assert await in_thread(Message.objects.filter(kind="text").count) == len(sent) + 1


async def test_sigterm_says_goodbye_and_flushes_what_was_taken(own_server: Start, cast: Cast) -> None:
    leaving = own_server(GAPLESS_LIMIT_MESSAGES_PER_MINUTE="0")
    async with leaving.connect(cast.token(cast.alice)) as alice:
        with locked(cast.team) as release:
            posts = [asyncio.ensure_future(alice.post(cast.team.pk, f"{n}")) for n in range(200)]
            # The pong comes after the 200 were taken: frames of one socket are taken in order.
            await alice.command("ping")
            leaving.signal(signal.SIGTERM)
            await expect(lambda: httpx_status(f"{leaving.url}/readyz") in (503, None))
            release.set()
            assert (await alice.wait_closed())[0] == 4000
        assert all(post.done() and post.exception() is None for post in posts)
    assert leaving.stop() == 0
    assert await in_thread(Message.objects.filter(kind="text").count) == 200


def httpx_status(url: str) -> int | None:
    try:
        return httpx.get(url, timeout=1).status_code
    except httpx.HTTPError:
        return None


async def test_a_goodbye_says_when_to_come_back(own_server: Start, cast: Cast) -> None:
    leaving = own_server()
    async with leaving.connect(cast.token(cast.alice)) as alice:
        leaving.signal(signal.SIGTERM)
        code, reason = await alice.wait_closed()
        goodbye = await push(alice, "goodbye")
        assert (code, goodbye["op"], goodbye["code"], goodbye["reason"]) == (4000, "goodbye", 4000, reason)
        assert goodbye["retry_after"] >= 0


async def test_a_stuck_reader_does_not_hold_up_the_end(own_server: Start, cast: Cast) -> None:
    leaving = own_server()
    async with leaving.connect(cast.token(cast.alice)) as alice:
        alice._socket.transport.pause_reading()
        started = time.monotonic()
        assert await asyncio.get_running_loop().run_in_executor(None, leaving.stop) == 0
        assert time.monotonic() - started < 30
        await alice.drop()


async def test_without_a_sync_in_time_the_socket_is_closed(own_server: Start, cast: Cast) -> None:
    server = own_server(GAPLESS_LIMIT_OPENING_SECONDS="1")
    connection = server.connect(cast.token(cast.alice))
    connection._first_heads = None
    async with connection as alice:
        assert (await asyncio.wait_for(alice.wait_closed(), 5))[0] == 4004
    async with server.connect(cast.token(cast.alice)) as alice:
        await asyncio.sleep(1.2)
        await alice.command("ping")


async def test_what_the_server_takes_for_itself_is_not_held_against_the_client(own_server: Start, cast: Cast) -> None:
    server = own_server(GAPLESS_LIMIT_OPENING_SECONDS="1")
    holds = threading.Event()

    def lock_members() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE channel_members")
            holds.set()
            time.sleep(1.3)

    locking = asyncio.ensure_future(in_thread(lock_members))
    await expect(holds.is_set)
    async with server.connect(cast.token(cast.alice)) as alice:
        assert locking.done()
        await alice.command("ping")
    await locking


async def test_a_heartbeat_comes_and_a_silent_peer_goes(own_server: Start, cast: Cast) -> None:
    server = own_server(GAPLESS_LIMIT_HEARTBEAT_SECONDS="1", GAPLESS_LIMIT_SILENT_SECONDS="3")
    async with server.connect(cast.token(cast.alice)) as alice, server.connect(cast.token(cast.bob)) as bob:
        beat = await push(alice, "heartbeat", within=5)
        assert beat == {"op": "heartbeat", "epoch": alice.hello["epoch"], "heads": {str(cast.team.pk): 2}}
        # bob's machine is gone without a word: it answers no ping any more.
        bob._socket.transport.pause_reading()
        await expect(lambda: httpx.get(f"{server.url}/readyz").json()["sockets"] == 1, within=8)
        await alice.command("ping")
        await bob.drop()


async def test_three_processes_behave_as_one(servers: list[Server], own_server: Start, cast: Cast) -> None:
    third = own_server(GAPLESS_LIMIT_MESSAGES_PER_MINUTE="0")
    await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
    users = (cast.alice, cast.bob, cast.charlie)
    async with contextlib.AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(server.connect(cast.token(user)))
            for server, user in zip((*servers, third), users, strict=True)
        ]
        posts = [person.post(cast.team.pk, f"{place} {n}") for n in range(60) for place, person in enumerate(people)]
        await asyncio.gather(*posts)
        await expect(lambda: all(len(person.changes[cast.team.pk]) == 180 for person in people))
        orders = [[change["seq"] for change in person.changes[cast.team.pk]] for person in people]
        assert orders[0] == orders[1] == orders[2] == list(range(4, 184))
        assert [person.gaps for person in people] == [0, 0, 0]


async def test_changes_that_redis_did_not_carry_arrive_all_the_same(own_server: Start, cast: Cast) -> None:
    # Each process hears a Redis that the other does not: as good as none between them.
    here, there = (
        own_server(GAPLESS_LIMIT_POSITION_CHECK_SECONDS="1", REDIS_URL=f"unix:///nowhere-{n}") for n in range(2)
    )
    async with here.connect(cast.token(cast.alice)) as alice, there.connect(cast.token(cast.bob)) as bob:
        started = time.monotonic()
        for n in range(20):
            await alice.post(cast.team.pk, f"{n}")
        assert time.monotonic() - started < 5
        await expect(lambda: len(bob.changes.get(cast.team.pk, [])) == 20, within=5)
        assert [change["body"] for change in bob.changes[cast.team.pk]] == [f"{n}" for n in range(20)]
        assert bob.gaps == 0
    assert httpx.get(f"{here.url}/readyz").status_code == 200


async def test_a_login_that_ended_in_silence_closes_the_socket(own_server: Start, cast: Cast) -> None:
    server = own_server(GAPLESS_LIMIT_LOGIN_CHECK_SECONDS="1")
    async with server.connect(cast.token(cast.alice)) as alice, server.connect(cast.token(cast.bob)) as bob:
        await in_thread(cast.alice.tokens.all().delete)
        assert (await asyncio.wait_for(alice.wait_closed(), 5))[0] == 4500
        goodbye = await push(alice, "goodbye")
        assert (goodbye["op"], goodbye["code"], goodbye["retry_after"]) == ("goodbye", 4500, None)
        await bob.command("ping")


def children(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children(recursive=True) if child.is_running()]


def test_a_killed_worker_is_replaced(own_server: Start, cast: Cast) -> None:
    server = own_server(arguments=("serve", "--workers", "2"))
    assert server.process is not None
    supervisor = psutil.Process(server.process.pid)
    before = {child.pid for child in children(supervisor)}
    assert len(before) == 2
    os.kill(min(before), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while len({child.pid for child in children(supervisor)} - before) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_killed_supervisor_takes_its_workers_along(own_server: Start, cast: Cast) -> None:
    server = own_server(arguments=("serve", "--workers", "2"))
    assert server.process is not None
    workers = children(psutil.Process(server.process.pid))
    server.kill()
    gone, alive = psutil.wait_procs(workers, timeout=10)
    assert (len(gone), alive) == (2, [])


# ---- starting and ending as an operator does ----


def manage(*arguments: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**kept, "GAPLESS_DATA": str(data), "PORT": str(free_port()), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def said_in_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done
    # What is started, and what is opened to the service account, is said before.
    before = ("gapless: starting", "gapless: lets")
    sentences = [line for line in done.stderr.splitlines() if not line.startswith(before)]
    assert len(sentences) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in sentences[0]


def test_a_port_in_use_is_said_in_one_sentence(tmp_path: Path, server: Server) -> None:
    said_in_one_sentence(
        manage("serve", data=tmp_path / "data", PORT=str(server.port)), "can't listen", str(server.port)
    )


def test_a_data_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    said_in_one_sentence(
        manage("migrate", data=tmp_path / "file" / "data", SECRET_KEY="x"), "can't be written", "GAPLESS_DATA"
    )


def test_an_unreachable_database_is_said_in_one_sentence(tmp_path: Path) -> None:
    urls = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "REDIS_URL": "redis://127.0.0.1:1"}
    said_in_one_sentence(manage("serve", "--migrate", data=tmp_path, **urls), "database")


def test_one_url_without_the_other_is_said_in_one_sentence(tmp_path: Path) -> None:
    said_in_one_sentence(manage("check", data=tmp_path, REDIS_URL="redis://127.0.0.1:1"), "REDIS_URL", "DATABASE_URL")


def test_a_wrong_value_is_said_in_one_sentence(tmp_path: Path) -> None:
    said_in_one_sentence(manage("check", data=tmp_path, PORT="eighty"), "PORT", "eighty")


def test_with_both_urls_nothing_is_started(tmp_path: Path, server: Server) -> None:
    environment = server.environ()
    urls = {name: environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
    assert manage("check", data=tmp_path / "data", **urls).returncode == 0
    assert not (tmp_path / "data" / "postgres").exists()


def services_of(data: Path) -> list[psutil.Process]:
    """The keeper, PostgreSQL and Valkey of this data folder; of PostgreSQL only the first process names it."""
    found = []
    for process in psutil.process_iter(["cmdline", "pid"]):
        words = process.info["cmdline"] or []
        if any(str(data) in word for word in words) and process.info["pid"] != os.getpid() and "-c" not in words[:2]:
            found.append(process)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_server_ends_all_that_it_started_and_blocks_nothing(tmp_path: Path, number: int) -> None:
    data = tmp_path / "data"
    for _ in range(2):
        server = Server(
            arguments=("serve", "--migrate", "--workers", "2"), GAPLESS_DATA=str(data), DATABASE_URL="", REDIS_URL=""
        )
        server.start()
        assert {"postgres", "valkey-server"} <= {process.name() for process in services_of(data)}
        server.signal(number)
        assert server.process is not None
        server.process.wait(35)
        deadline = time.monotonic() + (0 if number != signal.SIGKILL else 20)
        while services_of(data):
            assert time.monotonic() <= deadline, services_of(data)
            time.sleep(0.1)
        server.log.unlink()


def test_a_killed_keeper_takes_its_services_along_and_the_next_start_works(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert manage("migrate", data=data).returncode == 0
    holding = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; from pathlib import Path; from chatproject.embedded import services;"
         "services.ensure(Path(sys.argv[1])); print('up', flush=True); time.sleep(60)", str(data)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert holding.stdout is not None
    assert holding.stdout.readline() == "up\n"
    [keeper] = [
        process for process in services_of(data) if "chatproject.embedded.keeper" in " ".join(process.cmdline())
    ]
    keeper.kill()
    assert manage("check", "--database", "default", data=data).returncode == 0
    holding.kill()
    holding.wait()


def test_two_instances_run_side_by_side(tmp_path: Path) -> None:
    servers = [
        Server(
            arguments=("serve", "--migrate", "--workers", "1"),
            GAPLESS_DATA=str(tmp_path / name),
            DATABASE_URL="",
            REDIS_URL="",
        )
        for name in ("one", "two")
    ]
    try:
        for server in servers:
            server.start()
            assert httpx.get(f"{server.url}/readyz").json()["ready"] is True
    finally:
        for server in servers:
            server.stop()


def test_a_crashed_service_is_started_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    server = Server(
        arguments=("serve", "--migrate", "--workers", "1"), GAPLESS_DATA=str(data), DATABASE_URL="", REDIS_URL=""
    )
    server.start()
    try:
        for name in ("valkey-server", "postgres"):
            next(process for process in services_of(data) if process.name() == name).kill()
            deadline = time.monotonic() + 20
            while True:
                ready = httpx.get(f"{server.url}/readyz", timeout=10).json()
                if ready["ready"] and ready["dependencies"]["redis"]["ok"] and len(services_of(data)) >= 3:
                    break
                assert time.monotonic() < deadline, ready
                time.sleep(0.1)
    finally:
        server.stop()
