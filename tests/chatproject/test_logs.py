"""What is logged: JSON with ids, and nothing that people wrote."""

import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.db import IntegrityError, connection

from chatproject import logs
from delivery.client.connection import CommandRefused
from tests.conftest import Cast, in_thread
from tests.stage.servers import Server, expect

SECRET = "the launch code is 4711"


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
    assert "4711" not in said
    assert "no_codes" in said, "the mistake itself is there"


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_what_postgresql_says_of_a_row_is_taken_out() -> None:
    error = IntegrityError(f'violates check "x"\nDETAIL:  Failing row contains (1, {SECRET}).')
    record = logging.LogRecord("gapless", logging.ERROR, "", 0, "failed", (), (IntegrityError, error, None))
    event = logs.without_rows(None, "error", {"event": str(record.exc_info[1])})  # type: ignore[index]
    assert event["event"] == 'violates check "x"\nDETAIL: (not logged)'
