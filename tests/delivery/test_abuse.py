"""What one client can cost the others: floods, fragments, silence, uploads, guesses."""

import asyncio
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx
import psutil
import pytest

from delivery.client.connection import Connection
from delivery.live.pacing import CHANGES_A_FRAME, CHANNELS_A_FRAME, FRAMES_A_QUERY
from tests.conftest import Cast, in_thread, said
from tests.stage.servers import EXPECT_SECONDS, ROOT, Server, expect


async def open_raw(server: Server, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A WebSocket without a client library: what is sent need not be what a client would send."""
    reader, writer = await asyncio.open_connection("localhost", server.port, limit=2**22)
    writer.write(
        f"GET /ws/ HTTP/1.1\r\nHost: localhost:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def frame(opcode: int, payload: bytes = b"", *, is_last: bool = True) -> bytes:
    head = bytes([(0x80 if is_last else 0) | opcode])
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else bytes([0xFE]) + struct.pack("!H", len(payload))
    return head + length + b"\0\0\0\0" + payload


async def closing_code(reader: asyncio.StreamReader) -> int:
    """The code of the close frame, whatever came before it."""
    data = await asyncio.wait_for(reader.read(), EXPECT_SECONDS)
    place = data.rfind(b"\x88")
    return int.from_bytes(data[place + 2 : place + 4], "big")


@pytest.mark.holds("frames_per_second")
async def test_a_flood_of_one_socket_keeps_nobody_waiting(kept_server: Callable[..., Server], cast: Cast) -> None:
    server = kept_server(GAPLESS_LIMIT_FRAMES_PER_SECOND="100")
    reader, flood = await open_raw(server, cast.token(cast.bob))
    flood.write(frame(1, b'{"op":"sync"}') + frame(1, b'{"op":"ping"}') * 5000)
    started = time.monotonic()
    async with server.connect(cast.token(cast.alice)) as alice:
        waits = []
        for _ in range(20):
            asked = time.monotonic()
            await alice.command("ping")
            waits.append(time.monotonic() - asked)
            await asyncio.sleep(0.02)
    assert sorted(waits)[10] < 0.5
    # What was taken of the flood: a second's worth at once, then a hundred a second.
    took = time.monotonic() - started
    answered = (await reader.read(2**22)).count(b'"pong"')
    assert answered <= 100 * (took + 1) + 50
    flood.transport.abort()


async def test_a_sync_costs_what_it_names(kept_server: Callable[..., Server], cast: Cast) -> None:
    server = kept_server(GAPLESS_LIMIT_FRAMES_PER_SECOND="100")
    told: list[object] = []
    bobs = Connection(server.ws, token=cast.token(cast.bob), heads={}, on_push=told.append)
    async with bobs as bob, server.connect(cast.token(cast.alice)) as alice:
        started = time.monotonic()
        for _ in range(60):
            await bob.send({"op": "sync", "channels": {str(10**6 + n): 1 for n in range(500)}})
        for _ in range(20):
            await alice.command("ping")
            await asyncio.sleep(0.05)
        await expect(lambda: len(told) >= 1000)
        assert len(told) <= 100 * (time.monotonic() - started + 1) * CHANNELS_A_FRAME + 1000
        # The rest is taken later: no goodbye would come soon.
        await bob.drop()


async def test_a_sync_costs_what_it_replays(kept_server: Callable[..., Server], cast: Cast) -> None:
    await in_thread(lambda: [said(cast.alice, cast.team) for _ in range(200)])
    server = kept_server(GAPLESS_LIMIT_FRAMES_PER_SECOND="100")
    told: list[Any] = []
    bobs = Connection(server.ws, token=cast.token(cast.bob), heads={}, on_push=told.append)
    async with bobs as bob, server.connect(cast.token(cast.alice)) as alice:
        started = time.monotonic()
        for _ in range(60):
            await bob.send({"op": "sync", "channels": {str(cast.team.pk): cast.team.head}})
        for _ in range(20):
            await alice.command("ping")
            await asyncio.sleep(0.05)

        def replayed() -> int:
            return sum(len(push["changes"]) for push in told if push["op"] == "changes")

        await expect(lambda: replayed() >= 200)
        assert replayed() <= 100 * (time.monotonic() - started + 1) * CHANGES_A_FRAME + 200
        await bob.drop()


@pytest.mark.parametrize(
    "command",
    [
        {"op": "typing", "on": True},
        {"op": "viewing", "on": True},
        {"op": "delivered", "seq": 1},
        {"op": "read", "seq": 1},
        {"op": "message.edit", "message": 1, "body": "hello"},
        {"op": "message.delete", "message": 1},
        {"op": "presence", "status": "busy"},
    ],
    ids=lambda command: str(command["op"]),
)
async def test_what_asks_the_rows_costs_more_than_other_frames(
    kept_server: Callable[..., Server], cast: Cast, command: dict[str, Any]
) -> None:
    server = kept_server(GAPLESS_LIMIT_FRAMES_PER_SECOND="100")
    asked = command if command["op"] == "presence" else {**command, "channel": cast.team.pk}
    # Not a member: each is refused, after a look at the rows.
    reader, flood = await open_raw(server, cast.token(cast.charlie))
    flood.write(frame(1, b'{"op":"sync"}') + frame(1, json.dumps({**asked, "ref": "flood"}).encode()) * 300)
    started = time.monotonic()
    async with server.connect(cast.token(cast.alice)) as alice:
        for _ in range(20):
            await alice.command("ping")
            await asyncio.sleep(0.05)
    heard = b""
    async with asyncio.timeout(EXPECT_SECONDS):
        while (answered := heard.count(b'"flood"')) < 2:
            assert not reader.at_eof()
            heard += await reader.read(2**22)
    assert answered <= 100 * (time.monotonic() - started + 1) / FRAMES_A_QUERY + 2
    flood.transport.abort()


async def test_endless_fragments_end_the_socket(server: Server, cast: Cast) -> None:
    reader, writer = await open_raw(server, cast.token(cast.alice))
    writer.write(frame(1, b"", is_last=False) + frame(0, b"", is_last=False) * 200)
    assert await closing_code(reader) == 1009


async def test_pings_of_a_peer_that_does_not_read_cost_no_memory(own_server: Callable[..., Server], cast: Cast) -> None:
    server = own_server()
    assert server.process is not None
    reader, writer = await open_raw(server, cast.token(cast.alice))
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    before = psutil.Process(server.process.pid).memory_info().rss
    for _ in range(60):
        writer.write(frame(9, b"x" * 125) * 2000)
        await asyncio.sleep(0.02)
    assert psutil.Process(server.process.pid).memory_info().rss - before < 12 * 2**20
    writer.transport.abort()


async def test_a_peer_that_breaks_the_protocol_without_reading_is_gone_soon(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    # So that it is not closed as a slow reader first.
    server = own_server(GAPLESS_LIMIT_OUTBOX_BYTES=str(2**26), GAPLESS_LIMIT_OUTBOX_FRAMES="100000")
    assert server.process is not None
    reader, writer = await open_raw(server, cast.token(cast.alice))
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    # More than the kernel takes.
    much = frame(1, b'{"op":"ping","ref":"' + b"x" * 16_000 + b'"}')
    writer.write(frame(1, b'{"op":"sync"}') + much * 700 + frame(3))
    await writer.drain()
    process = psutil.Process(server.process.pid)
    await expect(
        lambda: not [c for c in process.net_connections() if c.laddr.port == server.port and c.status == "ESTABLISHED"],
        within=12,
    )
    writer.transport.abort()


def test_the_admin_has_no_door_of_its_own(server: Server) -> None:
    answer = httpx.get(f"{server.url}/admin/login/?next=/admin/")
    assert answer.status_code == 302
    assert unquote(answer.headers["location"]) == "/sign-in/?next=/admin/"


def test_a_malformed_session_cookie_is_no_error_of_ours(server: Server) -> None:
    headers = {"Cookie": f'gapless_session_{server.port}="\\000abcdefghij"', "Origin": server.url}
    answer = httpx.get(f"{server.url}/ws/", headers={**headers, "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version": "13"})  # fmt: skip
    assert answer.status_code == 403


@pytest.mark.holds("user_frames_per_second")
async def test_a_flood_over_several_sockets_of_a_person_is_one_flood(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(GAPLESS_LIMIT_USER_FRAMES_PER_SECOND="50", GAPLESS_LIMIT_ADDRESS_REQUESTS_PER_MINUTE="9")
    started = time.monotonic()
    floods = [await open_raw(server, cast.token(cast.bob)) for _ in range(4)]
    for _, writer in floods:
        writer.write(frame(1, b'{"op":"sync"}') + frame(1, b'{"op":"ping"}') * 500)
    async with server.connect(cast.token(cast.alice)) as alice:
        for _ in range(10):
            await alice.command("ping")
            await asyncio.sleep(0.05)
    answered = sum([(await reader.read(2**22)).count(b'"pong"') for reader, _ in floods])
    assert answered <= 50 * (time.monotonic() - started + 1) + 10 * len(floods)
    for _, writer in floods:
        writer.transport.abort()
    one_address_asks_only_so_often(server, began_at=started)


def one_address_asks_only_so_often(server: Server, *, began_at: float) -> None:
    # Five handshakes were counted, and one more may come every sixty ninths of a second; health is always answered.
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    answered = 0
    while (answer := httpx.get(f"{server.url}/sign-in/")).status_code == 200:
        answered += 1
        assert answered <= 4 + (time.monotonic() - began_at) * 9 / 60
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answered >= 4
    said = answer.headers
    assert 1 <= int(said["Retry-After"]) <= 7
    assert (said["X-RateLimit-Limit"], said["X-RateLimit-Remaining"]) == ("9", "0")
    assert said["X-RateLimit-Reset"] == said["Retry-After"]


def test_with_settings_for_production_django_finds_nothing_to_say() -> None:
    environment = {"ALLOWED_ORIGINS": "https://chat.example.org", "ALLOWED_HOSTS": "chat.example.org"}
    environment["TRUSTED_PROXIES"] = "10.0.0.0/8"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={
            **os.environ,
            **environment,
            "SECRET_KEY": "x1y2" * 20 + "abcdefgh",
            "DATABASE_URL": "postgresql:///x",
            "REDIS_URL": "redis://x",
        },
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
