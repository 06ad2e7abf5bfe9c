"""Overload: requests wait for a place, sockets open one after another, and every client gets an answer."""

import asyncio
import contextlib
import itertools
import re
import resource
import threading
import time
import uuid
from collections.abc import Callable, Iterator

import httpx
import psutil
import pytest
from django.db import connection, connections, transaction

from chat.models import Token
from delivery.client import Client, backoff
from tests.conftest import Cast, locked
from tests.stage.patience import AT_LOCKS
from tests.stage.raw_http import handshake, knock, statuses
from tests.stage.servers import EXPECT_SECONDS, Server, expect

#: Two places, and all of one person may stand in them.
FEW = {
    "GAPLESS_LIMIT_POOL": "6",
    "GAPLESS_LIMIT_REQUESTS_WAITING": "3",
    "GAPLESS_LIMIT_REQUESTS_AT_ONCE": "0",
}


@pytest.mark.holds("requests_waiting")
async def test_so_many_requests_wait_for_a_place_and_the_next_is_sent_away(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    # A third of the pool works for HTTP.
    server = own_server(**FEW, **AT_LOCKS)
    bearer = {"Authorization": f"Bearer {cast.token(cast.alice)}"}
    path = f"{server.url}/api/v1/channels/{cast.team.pk}/messages/"
    async with httpx.AsyncClient(headers=bearer) as client:

        async def post() -> httpx.Response:
            return await client.post(path, json={"client_msg_id": str(uuid.uuid4()), "body": "late"})

        async def http() -> dict[str, float]:
            return dict((await client.get(f"{server.url}/readyz")).json()["http"])

        async def three_wait() -> bool:
            return (await http())["waiting"] == 3

        with locked(cast.team):
            posting = [asyncio.ensure_future(post()) for _ in range(5)]
            await expect(three_wait)
            refused = await client.get(f"{server.url}/sign-in/")
            said = await http()
        assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (
            503,
            "unavailable",
            "1",
        )
        assert (said["places"], said["taken"], said["waiting"]) == (2, 2, 3)
        assert {answer.status_code for answer in await asyncio.gather(*posting)} <= {201, 503}
        assert (await client.get(f"{server.url}/sign-in/")).status_code == 200
        figures = (await client.get(f"{server.url}/metrics")).text
    assert 'gapless_door_refusals_total{reason="no_place"} 1.0' in figures
    assert 'gapless_door_refusals_total{reason="slow_body"} 0.0' in figures


async def test_a_crowd_from_one_address_sends_nobody_away_who_comes_from_another(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(**FEW, TRUSTED_PROXIES="127.0.0.0/8,::1")
    path = f"{server.url}/api/v1/channels/{cast.team.pk}/messages/"
    crowd = {"Authorization": f"Bearer {cast.token(cast.alice)}", "X-Forwarded-For": "203.0.113.9"}
    async with httpx.AsyncClient() as client:

        async def post() -> httpx.Response:
            said = {"client_msg_id": str(uuid.uuid4()), "body": "late"}
            return await client.post(path, json=said, headers=crowd)

        async def waiting() -> bool:
            return bool((await client.get(f"{server.url}/readyz")).json()["http"]["waiting"] == 3)

        with locked(cast.team):
            posting = [asyncio.ensure_future(post()) for _ in range(5)]
            await expect(waiting)
            elsewhere = {"X-Forwarded-For": "198.51.100.7"}
            asking = asyncio.ensure_future(client.get(f"{server.url}/sign-in/", headers=elsewhere))
            await asyncio.wait(posting, return_when=asyncio.FIRST_COMPLETED)
        assert (await asking).status_code == 200
        answers = [answer.status_code for answer in await asyncio.gather(*posting)]
    assert 503 in answers


async def test_with_the_smallest_pool_pages_sends_and_openings_take_turns(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(GAPLESS_LIMIT_POOL="2")
    token = cast.token(cast.alice)
    path = f"{server.url}/api/v1/channels/{cast.team.pk}/messages/"
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        for _ in range(2):
            async with asyncio.timeout(10), server.connect(token) as alice:
                await alice.sync({cast.team.pk: 0})
                said = {"channel": cast.team.pk, "client_msg_id": str(uuid.uuid4()), "body": "hello"}
                assert (await alice.command("message.post", **said))["op"] == "ok"
                page = await client.get(path)
                assert page.status_code == 200, page.text


@contextlib.contextmanager
def tokens_locked() -> Iterator[None]:
    """Nobody's token can be looked up within the block."""
    holds, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {Token._meta.db_table} IN ACCESS EXCLUSIVE MODE")
            holds.set()
            release.wait()
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait()
    try:
        yield
    finally:
        release.set()
        thread.join()


@pytest.mark.holds("openings")
async def test_so_many_sockets_open_at_once_and_the_next_is_sent_away_for_a_while(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(GAPLESS_LIMIT_OPENINGS="3", **AT_LOCKS)
    said = handshake(f"Authorization: Bearer {cast.token(cast.alice)}")
    waits = set()

    async def sends_away() -> bool:
        return b" 503 " in await first_line(server, said)

    with tokens_locked():
        coming = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        for _, writer in coming:
            writer.write(said)
        await expect(sends_away)
        for _ in range(12):
            answer = await knock(server.port, said)
            assert statuses(answer) == [503]
            waits.add(int(answer.lower().split(b"retry-after: ")[1].split(b"\r")[0]))
    assert waits <= set(range(1, 6))
    assert len(waits) > 1
    # That is no fault of ours, and thousands may be sent away.
    assert "without completing handshake" not in server.log.read_text()
    for reader, writer in coming:
        assert (await asyncio.wait_for(reader.readuntil(b'"hello"'), EXPECT_SECONDS)).startswith(b"HTTP/1.1 101")
        writer.transport.abort()
    # A socket that has its `hello` makes room, whether or not it sends anything.
    async with server.connect(cast.token(cast.bob)) as bob:
        await bob.command("ping")


async def first_line(server: Server, said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(said)
    try:
        return await asyncio.wait_for(reader.readline(), 0.5)
    except TimeoutError:
        return b""
    finally:
        writer.transport.abort()


async def test_a_client_that_was_sent_away_comes_no_sooner_than_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    knocked: list[float] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        knocked.append(time.monotonic())
        writer.write(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    monkeypatch.setattr(backoff, "before_attempt", lambda attempt: 0.0)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as door:
        url = f"ws://127.0.0.1:{door.sockets[0].getsockname()[1]}/ws/"
        coming = asyncio.ensure_future(Client(url, token="gapless_x").__aenter__())
        await expect(lambda: len(knocked) > 2, within=15)
        coming.cancel()
    assert all(1 <= later - earlier < 3 for earlier, later in itertools.pairwise(knocked))


def test_as_many_files_may_be_open_as_the_machine_allows(own_server: Callable[..., Server]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard))
    try:
        server = own_server()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert server.process is not None
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)


async def test_strangers_take_no_descriptor_that_others_need(own_server: Callable[..., Server], cast: Cast) -> None:
    server = own_server()
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    async with server.connect(cast.token(cast.alice)) as alice:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (256, 256))
        strangers = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", server.port) for _ in range(300)))
        refused = sum(
            [statuses(await asyncio.wait_for(reader.read(), EXPECT_SECONDS)) == [503] for reader, _ in strangers]
        )
        assert 300 - 256 < refused < 300 - 100
        assert process.num_fds() < 256 - 10
        await alice.post(cast.team.pk, "still here")
        figures = await expect(lambda: _figures(server))
    # One a minute, however many are refused.
    assert server.log.read_text().count("open files are running out") == 1
    assert figures["gapless_allowed_files"] == 256
    assert 10 < figures["gapless_open_files"] < 256
    for _, writer in strangers:
        writer.transport.abort()


async def test_that_nothing_more_can_be_opened_is_said_once_measured_and_survived(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server()
    assert server.process is not None
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    async with server.connect(cast.token(cast.alice)) as alice:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        await expect(lambda: "not one more file can be opened" in server.log.read_text())
        await alice.command("ping")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)
        await expect(lambda: "files can be opened again" in server.log.read_text())
        await alice.post(cast.team.pk, "still here")
    said = server.log.read_text()
    assert [said.count(words) for words in ("not one more file", "opened again")] == [1, 1]
    figures = httpx.get(f"{server.url}/metrics").text
    [seconds] = re.findall(r"^gapless_files_exhausted_seconds_total (\S+)$", figures, re.MULTILINE)
    assert float(seconds) >= 1


async def _figures(server: Server) -> dict[str, float]:
    """Once there is a descriptor again: strangers that ask nothing are gone after 5 s."""
    try:
        async with httpx.AsyncClient() as client:
            page = (await client.get(f"{server.url}/metrics")).text
    except httpx.HTTPError:
        return {}
    found = dict(re.findall(r"^(gapless_(?:open|allowed)_files) (\S+)$", page, re.MULTILINE))
    return {name: float(value) for name, value in found.items()}
