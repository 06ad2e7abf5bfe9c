"""What is logged of faults: JSON whoever says it, an outage in three lines, nothing that a stranger can make into an error."""

import asyncio
import base64
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.db import OperationalError
from redis.exceptions import ConnectionError as RedisGone

from chatproject import outages
from chatproject.outages import Outages
from tests.conftest import Cast
from tests.stage.servers import Server, expect
from tests.stage.valkeys import Valkey


def lines(server: Server) -> list[dict[str, Any]]:
    """Every line: one that is no JSON fails the test."""
    return [json.loads(line) for line in server.log.read_text().splitlines() if not line.startswith("Gapless is at")]


async def test_redis_killed_under_load_is_a_line_at_its_beginning_and_one_at_its_end(
    own_server: Callable[..., Server], cast: Cast, valkey: Valkey
) -> None:
    server = own_server(REDIS_URL=valkey.url, GAPLESS_LIMIT_MESSAGES_PER_MINUTE="0")
    async with server.connect(cast.token(cast.alice)) as alice, server.connect(cast.token(cast.bob)) as bob:
        await alice.post(cast.team.pk, "before")
        said = len(lines(server))
        valkey.kill()
        away_until = time.monotonic() + 4
        while time.monotonic() < away_until:
            await asyncio.gather(*(one.post(cast.team.pk, "meanwhile") for one in (alice, bob)))
            await bob.command("typing", channel=cast.team.pk, on=True)
        valkey.start()
        over = await expect(lambda: [line for line in lines(server)[said:] if "was away" in line["event"]], within=60)
    told = [line for line in lines(server)[said:] if line["level"] != "info"]
    assert [line["event"].split(":")[0].split(" for ")[0] for line in told] == ["Redis is away", "Redis was away"]
    assert "exception" not in told[0]
    assert "lines were not written (gapless." in over[0]["event"]


def test_without_a_thread_to_watch_an_outage_each_line_of_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    outage, error = Outages(), RedisGone("Connection refused")
    lines = [logging.LogRecord("any", logging.ERROR, "", 0, "no", (), (RedisGone, error, None)) for _ in range(2)]
    assert [outage.filter(line) for line in lines] == [True, True]


def test_each_outage_is_one_line_and_other_faults_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "QUIET_SECONDS", 60)
    outage = Outages()

    def passes(error: Exception, name: str = "any.library") -> tuple[bool, logging.LogRecord]:
        record = logging.LogRecord(name, logging.ERROR, "", 0, "it failed", (), (type(error), error, None))
        return outage.filter(record), record

    shown, record = passes(RedisGone("Connection refused"))
    assert (shown, record.getMessage()) == (True, "Redis is away: it failed (Connection refused)")
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert passes(RedisGone("again"))[0] is False
    assert passes(OperationalError("server closed the connection"))[0] is True
    assert passes(OperationalError("again"))[0] is False
    for _ in range(2):
        shown, record = passes(ValueError("a mistake of ours"))
        assert (shown, record.levelname) == (True, "ERROR")
        assert record.exc_info


def test_what_strangers_send_is_json_and_no_error(own_server: Callable[..., Server], cast: Cast) -> None:
    server = own_server()
    token = cast.token(cast.alice)
    for bad in (b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\xff\xfe\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), 5) as line:
            line.sendall(bad)
            line.recv(1000)
    with socket.create_connection(("127.0.0.1", server.port), 5) as line:
        key = base64.b64encode(os.urandom(16)).decode()
        head = f"Authorization: Bearer {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {key}"
        line.sendall(f"GET /ws/ HTTP/1.1\r\nHost: localhost\r\n{head}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        line.recv(1000)
        # A text frame whose bytes are no UTF-8, masked with zeros.
        line.sendall(b"\x81\x82\x00\x00\x00\x00\xff\xfe")
        deadline = time.monotonic() + 10
        while line.recv(4000) and time.monotonic() < deadline:
            pass
    assert httpx.get(f"{server.url}/api/v1/users/?search=%ff", headers={"Authorization": f"Bearer {token}"}).is_success
    told = lines(server)
    assert "Invalid UTF-8 sequence received from client." in {line["event"] for line in told}
    assert [line for line in told if line["level"] == "error" or "exception" in line] == []
