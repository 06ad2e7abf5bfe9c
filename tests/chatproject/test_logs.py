"""The log: JSON with ids, and no text of messages."""

import json
import logging
import signal
from collections.abc import Callable
from typing import Any

import httpx
import psutil
import pytest
from django.conf import settings
from django.db import IntegrityError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from structlog.contextvars import get_contextvars

from chatproject import logs, version
from chatproject.request_log import RequestLog
from chatproject.serving.milestones import say_draining
from delivery.client.connection import CommandRefused
from tests.conftest import Cast, in_thread
from tests.stage.servers import Server, expect

SECRET = "the launch code is swordfish"


def lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]


async def test_lines_are_json_with_ids_and_without_what_people_wrote(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(LOG_LEVEL="DEBUG", GAPLESS_LIMIT_MESSAGES_PER_MINUTE="0")
    found = httpx.get(f"{server.url}/api/v1/users/?search={SECRET}", trust_env=False, timeout=30)
    async with server.connect(cast.token(cast.alice)) as alice:
        ok = await alice.post(cast.team.pk, "hello")
        await in_thread(run, f"ALTER TABLE messages ADD CONSTRAINT no_codes CHECK (body <> '{SECRET}')")
        try:
            with pytest.raises(CommandRefused) as refused:
                await alice.command("message.edit", channel=cast.team.pk, message=ok["message"]["id"], body=SECRET)
        finally:
            await in_thread(run, "ALTER TABLE messages DROP CONSTRAINT no_codes")
        assert refused.value.code == "internal"
        with_id = await expect(lambda: [line for line in lines(server) if line.get("connection")])
        assert {line["connection"] for line in with_id} == {alice.hello["connection"]}
    asked = [line for line in lines(server) if line.get("request_id") == found.headers["X-Request-ID"]]
    assert {line["request"] for line in asked} == {"GET /api/v1/users/"}
    assert found.json()["request_id"] == found.headers["X-Request-ID"]
    assert all({"timestamp", "level", "logger", "event"} <= line.keys() for line in lines(server))
    said = server.log.read_text()
    assert "swordfish" not in said
    assert "no_codes" in said, "the mistake itself is there"


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_what_postgresql_says_of_a_row_is_taken_out() -> None:
    error = IntegrityError(f'violates check "x"\nDETAIL:  Failing row contains (1, {SECRET}).')
    record = logging.LogRecord("gapless", logging.ERROR, "", 0, "failed", (), (IntegrityError, error, None))
    event = logs.without_rows(None, "error", {"event": str(record.exc_info[1])})  # type: ignore[index]
    assert event["event"] == 'violates check "x"\nDETAIL: (not logged)'


async def test_processes_say_once_that_they_serve_and_have_ended_and_their_level_changes_while_they_serve(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(arguments=("serve", "--workers", "2"), REDIS_URL=f"{settings.REDIS_URL}&password=s3cret")
    assert server.process is not None
    await expect(lambda: said(server, "serves") == 2)
    [serves] = await expect(lambda: [line for line in lines(server) if line["event"] == "all serve"])
    assert (serves["version"], serves["commit"], serves["web_processes"]) == (version.VERSION, version.commit(), 2)
    assert serves["settings"]["PORT"] == str(serves["port"]) == str(server.port)
    assert 0 < serves["seconds"] < 60
    assert len(lines(server)) == 3, "one each"
    assert "s3cret" not in server.log.read_text()

    server.signal(signal.SIGUSR1)
    await expect(lambda: said(server, "the log level is DEBUG now") == 3)
    httpx.get(f"{server.url}/sign-in/", trust_env=False)
    await expect(lambda: said(server, "request_finished") == 1)
    # The one that follows a dead one is as the others are.
    psutil.Process(server.process.pid).children()[0].kill()
    await expect(lambda: said(server, "the log level is DEBUG now") == 4, within=30)
    await expect(lambda: said(server, "serves") == 3, within=30)
    server.signal(signal.SIGUSR2)
    await expect(lambda: said(server, "the log level is INFO now") == 3)
    httpx.get(f"{server.url}/sign-in/", trust_env=False)
    assert said(server, "request_finished") == 1

    said_before = len(lines(server))
    server.signal(signal.SIGTERM)
    await in_thread(server.process.wait, 35)
    assert [line["event"] for line in lines(server)[said_before:]] == ["has ended"] * 3
    assert len({line["process"] for line in lines(server)}) == 4


@pytest.mark.fast
def test_a_drain_that_does_not_end_in_time_is_an_error_with_what_was_left(log: pytest.LogCaptureFixture) -> None:
    say_draining()(is_given_up=True, connections=3)
    [line] = log.records
    assert (line.levelname, line.msg["event"]) == ("ERROR", "does not end in its time, and is given up")  # type: ignore[index]
    assert line.msg["connections"] == 3  # type: ignore[index]


@pytest.mark.fast
@pytest.mark.parametrize(("level", "status", "lines"), [("INFO", 200, 0), ("INFO", 404, 1), ("DEBUG", 200, 2)])
def test_lines_that_the_level_leaves_out_are_not_made_and_every_answer_has_its_id(
    level: str, status: int, lines: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def noted(request: HttpRequest) -> str:
        made.append(request.path)
        return request.path

    monkeypatch.setattr(RequestLog, "format_request", staticmethod(noted))
    caplog.set_level(level, "django_structlog")
    ids: list[str] = []

    def respond(request: HttpRequest) -> HttpResponse:
        ids.append(get_contextvars()["request_id"])
        return HttpResponse(status=status)

    response = RequestLog(respond)(RequestFactory().get("/somewhere/"))
    assert made == ["/somewhere/"] * lines
    assert [response["X-Request-ID"]] == ids
    assert "request_id" not in get_contextvars()


def said(server: Server, event: str) -> int:
    return sum(line["event"] == event for line in lines(server))
