"""Pooled connections: a connection that was cut while idle is found before its use, and a living one costs no query."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from psycopg_pool import ConnectionPool

from tests.conftest import in_thread

READ_A_NUMBER = "SELECT pg_backend_pid()"


def backend() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute(READ_A_NUMBER)
        return int(cursor.fetchone()[0])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The connections that were asked whether they live."""
    asked: list[Any] = []
    really: Callable[[Any], None] = ConnectionPool.check_connection

    def ask(connection: Any) -> None:
        asked.append(connection)
        really(connection)

    monkeypatch.setattr(ConnectionPool, "check_connection", staticmethod(ask))
    return asked


async def test_what_lives_is_not_asked_whether_it_does(transactional_db: None, asked: list[Any]) -> None:
    # The pool gives its connections in turn: those of other tests too.
    living = {await in_thread(backend) for _ in range(settings.DATABASE_POOL)}
    assert {await in_thread(backend) for _ in range(settings.DATABASE_POOL)} <= living
    assert asked == []


async def test_what_was_cut_while_nobody_used_it_is_given_to_nobody(transactional_db: None, asked: list[Any]) -> None:
    before = await in_thread(backend)
    with psycopg.connect(
        **connections["default"].get_connection_params() | {"cursor_factory": psycopg.Cursor}
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    # The pool gives its connections in turn.
    assert before not in [await in_thread(backend) for _ in range(settings.DATABASE_POOL)]
    assert len(asked) == 1
