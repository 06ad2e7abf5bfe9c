"""The log of faults: JSON from every library, an outage in three lines, and no error that a stranger can cause."""

import asyncio
import base64
import copy
import errno
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.db import OperationalError
from psycopg.errors import LockNotAvailable
from redis.exceptions import ConnectionError as RedisGone

from chatproject import fault_episodes, repeats
from chatproject.fault_filter import FaultFilter
from tests.conftest import Cast
from tests.stage.fault_records import moving, of_redis, record, said_by
from tests.stage.servers import EXPECT_SECONDS, Server, expect
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
    assert "more lines of it were not written (" in over[0]["event"]


@pytest.mark.by_hand
async def test_redis_away_for_78_seconds_under_load_is_a_few_lines_a_process(
    own_server: Callable[..., Server], cast: Cast, valkey: Valkey
) -> None:
    free = {"GAPLESS_LIMIT_MESSAGES_PER_MINUTE": "0", "GAPLESS_LIMIT_REQUESTS_PER_MINUTE": "0"}
    server = own_server(arguments=("serve", "--workers", "2"), REDIS_URL=valkey.url, **free)
    async with server.connect(cast.token(cast.alice)) as alice, server.connect(cast.token(cast.bob)) as bob:
        said = len(lines(server))
        valkey.kill()
        away_until = time.monotonic() + 78
        async with httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as monitor:
            while time.monotonic() < away_until:
                await asyncio.gather(
                    *(one.post(cast.team.pk, "meanwhile") for one in (alice, bob)),
                    *(one.command("typing", channel=cast.team.pk, on=True) for one in (alice, bob)),
                    *(monitor.get(path) for path in ("/readyz", "/sign-in/", "/api/v1/presence/?users=1")),
                )
        valkey.start()
        await expect(lambda: sum("was away" in line["event"] for line in lines(server)[said:]) >= 2, within=60)
    told = lines(server)[said:]
    print(f"{len(told)} lines:", *(f"{line['level']} {line['event']}" for line in told), sep="\n  ")
    of_redis = [line for line in told if line["level"] != "info"]
    assert len(of_redis) <= 2 * 3, "its beginning, its minute and its end, from each of two"
    assert len(told) <= 2 * (3 + 2 * (repeats.INFORMING + 1)), "and the refused requests, bounded"


def test_without_a_thread_to_watch_an_outage_each_line_of_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    outage, error = FaultFilter(), RedisGone("Connection refused")
    lines = [logging.LogRecord("any", logging.ERROR, "", 0, "no", (), (RedisGone, error, None)) for _ in range(2)]
    assert [outage.filter(line) for line in lines] == [True, True]


def test_each_outage_is_one_line_and_other_faults_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = moving(monkeypatch)
    outage = FaultFilter()

    def passes(error: Exception, name: str = "any.library") -> tuple[bool, logging.LogRecord]:
        record = logging.LogRecord(name, logging.ERROR, "", 0, "it failed", (), (type(error), error, None))
        return outage.filter(record), record

    assert passes(RedisGone("Connection refused"))[0] is False, "it may be over at once"
    assert passes(OperationalError("server closed the connection"))[0] is False
    moved(fault_episodes.MOMENT_SECONDS)
    shown, record = passes(RedisGone("again"))
    assert (shown, record.getMessage()) == (True, "Redis is away for 2 s: it failed (Connection refused)")
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert passes(RedisGone("again"))[0] is False
    assert passes(OperationalError("again"))[0] is True
    assert passes(OperationalError("again"))[0] is False
    for _ in range(2):
        shown, record = passes(ValueError("a mistake of ours"))
        assert (shown, record.levelname) == (True, "ERROR")
        assert record.exc_info


def test_refused_requests_are_counted_with_the_fault_that_lasts_and_mistakes_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = moving(monkeypatch)
    outage = FaultFilter()

    def answered(status: int) -> bool:
        line = record("", level=logging.INFO if status < 500 else logging.ERROR)
        line.name, line.msg = "django_structlog.middlewares.request", {"event": "request_finished", "code": status}
        return outage.filter(line)

    assert [answered(status) for status in (403, 503, 500)] == [True, True, True]
    assert [answered(status) for status in (404, 409)] == [False, False], "figures tell of them"
    outage.filter(of_redis())
    assert [answered(status) for status in (403, 409, 503, 500)] == [False, False, False, True]
    moved(fault_episodes.QUIET_SECONDS)
    assert [line.split("; ")[1] for line in said_by(outage)] == [
        "3 more lines of it were not written (requests that were refused 3)"
    ]


def test_what_is_cancelled_when_the_time_of_the_drain_is_over_is_no_mistake() -> None:
    error = asyncio.CancelledError("Task cancelled, timeout graceful shutdown exceeded")
    of_the_end = record("Exception in ASGI application", level=logging.ERROR, name="uvicorn.error")
    of_the_end.exc_info = (type(error), error, None)
    assert not FaultFilter().filter(of_the_end)


def test_an_errors_words_are_said_once() -> None:
    refused = OSError(errno.ENOSPC, "No space left on device, as the disk itself says")
    outage, line = FaultFilter(), record("not kept: %s", refused)
    assert outage.filter(line)
    assert line.getMessage() == f"the disk is full: not kept: {refused}"


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        (record("an upload could not be kept: %r", FULL), "the disk is full: an upload could not be kept"),
        (record("could not be stored: %r", FULL, away="the storage of files"), "the disk is full"),
        (record("could not be stored", away="the storage of files"), "the storage of files is away"),
        (record("a mail waits: %r", TimeoutError(), away="the mail server"), "the mail server is away"),
        (record("reconnection attempt in pool 'x' failed", name="psycopg.pool"), "PostgreSQL is away: reconnection"),
        (record("Unexpected exception", name="channels_redis.pubsub"), "Redis is away: Unexpected exception"),
        (record("it failed: %r", OSError(errno.EMFILE, "Too many open files")), "open files are used up"),
        (record("not settled: %r", LockNotAvailable("canceling statement")), "a row is locked: not settled"),
    ],
)
def test_whatever_is_away_full_or_used_up_is_a_fault_of_its_kind(
    line: logging.LogRecord, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fault_episodes, "MOMENT_SECONDS", 0)
    outage = FaultFilter()
    again = copy.copy(line)
    assert outage.filter(line)
    assert line.getMessage().startswith(begins)
    assert not outage.filter(again)


def test_what_repeats_itself_is_written_a_few_times_a_minute_and_then_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    monkeypatch.setattr(repeats, "time", SimpleNamespace(monotonic=lambda: now))
    outage = FaultFilter()
    written = sum(outage.filter(record("a mistake of channel %d", number)) for number in range(100))
    assert written == repeats.WARNING
    assert outage.filter(record("another mistake")), "of its own kind"
    now = repeats.MINUTE
    deadline = time.monotonic() + EXPECT_SECONDS
    while not caplog.messages and time.monotonic() < deadline:
        time.sleep(0.01)
    more = 100 - repeats.WARNING
    assert caplog.messages == [
        f"{more} more lines of the last minute were not written: gapless.any: a mistake of channel %d"
    ]
    assert outage.filter(record("a mistake of channel %d", 1)), "another minute"


def test_refused_requests_are_kinds_by_their_status_and_kinds_are_bounded() -> None:
    outage = FaultFilter()

    def refused(status: int) -> bool:
        line = record("", level=logging.INFO)
        line.msg = {"event": "request_finished", "code": status}
        return outage.filter(line)

    assert sum(refused(403) for _ in range(100)) == sum(refused(429) for _ in range(100)) == repeats.INFORMING
    written = sum(outage.filter(record(f"a library says {number}")) for number in range(10_000))
    assert written <= (repeats.MOST_KINDS + 1) * repeats.WARNING


def test_who_asks_for_everything_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    outage = FaultFilter()
    monkeypatch.setattr(logging.getLogger("gapless"), "level", logging.DEBUG)
    logging.getLogger("gapless").manager._clear_cache()  # type: ignore[attr-defined]
    assert all(outage.filter(record("refused", level=logging.INFO)) for _ in range(100))


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
