"""Web processes that are killed, stopped and replaced: acknowledged messages are stored, and sockets are sent elsewhere."""

import asyncio
import contextlib
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable

import httpx
import psutil
import pytest
from django.db import connection, transaction

from chat import services
from chat.models import Message
from tests.conftest import Cast, in_thread, locked
from tests.stage.patience import AT_LOCKS
from tests.stage.servers import EXPECT_SECONDS, START_SECONDS, Server, expect
from tests.stage.sockets import push

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
        await expect(lambda: [c["body"] for c in bob.changes[cast.team.pk]][-1] == "end")
        heard = [change["client_msg_id"] for change in bob.changes[cast.team.pk]]
        assert heard[:-1] == list(sent)
        assert bob.gaps == 0
    assert await in_thread(Message.objects.filter(kind="text").count) == len(sent) + 1


async def test_sigterm_says_goodbye_and_flushes_what_was_taken(own_server: Start, cast: Cast) -> None:
    leaving = own_server(GAPLESS_LIMIT_MESSAGES_PER_MINUTE="0", **AT_LOCKS)
    async with leaving.connect(cast.token(cast.alice)) as alice:
        with locked(cast.team) as release:
            posts = [asyncio.ensure_future(alice.post(cast.team.pk, f"{n}")) for n in range(200)]
            # They are sent first; so the pong comes after the 200 were taken: frames of one socket are taken in order.
            await asyncio.sleep(0)
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


@pytest.mark.holds("drain_seconds")
async def test_a_stuck_reader_does_not_hold_up_the_end(own_server: Start, cast: Cast) -> None:
    leaving = own_server()
    async with leaving.connect(cast.token(cast.alice)) as alice:
        alice._socket.transport.pause_reading()
        started = time.monotonic()
        assert await asyncio.get_running_loop().run_in_executor(None, leaving.stop) == 0
        assert time.monotonic() - started < 30
        await alice.drop()


@pytest.mark.holds("opening_seconds")
async def test_without_a_sync_in_time_the_socket_is_closed(kept_server: Start, cast: Cast) -> None:
    server = kept_server(GAPLESS_LIMIT_OPENING_SECONDS="1")
    connection = server.connect(cast.token(cast.alice))
    connection._first_heads = None
    async with connection as alice:
        assert (await asyncio.wait_for(alice.wait_closed(), 5))[0] == 4004
    async with server.connect(cast.token(cast.alice)) as alice:
        await asyncio.sleep(1.2)
        await alice.command("ping")


async def test_what_the_server_takes_for_itself_is_not_held_against_the_client(kept_server: Start, cast: Cast) -> None:
    server = kept_server(GAPLESS_LIMIT_OPENING_SECONDS="1")
    holds, lets_go = threading.Event(), threading.Event()

    def lock_members() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE channel_members")
            holds.set()
            time.sleep(1.3)
            lets_go.set()

    locking = asyncio.ensure_future(in_thread(lock_members))
    await expect(holds.is_set)
    async with server.connect(cast.token(cast.alice)) as alice:
        assert lets_go.is_set()
        await alice.command("ping")
    await locking


@pytest.mark.holds("heartbeat_seconds", "silent_seconds")
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


@pytest.mark.holds("position_check_seconds", "position_check_deaf_seconds")
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


@pytest.mark.holds("login_check_seconds")
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
    deadline = time.monotonic() + START_SECONDS
    while len({child.pid for child in children(supervisor)} - before) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_killed_supervisor_takes_its_workers_along(own_server: Start, cast: Cast) -> None:
    server = own_server(arguments=("serve", "--workers", "2"))
    assert server.process is not None
    workers = children(psutil.Process(server.process.pid))
    server.kill()
    gone, alive = psutil.wait_procs(workers, timeout=EXPECT_SECONDS)
    assert (len(gone), alive) == (2, [])
