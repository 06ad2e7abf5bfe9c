"""While PostgreSQL is away or says nothing, a piece of work waits for it once, and not again behind others."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.test import Client
from psycopg_pool import ConnectionPool

from chat import prepared_sql
from chat.models import User
from chatproject import reach
from chatproject.postgresql import pool as pools
from chatproject.postgresql.base import DatabaseWrapper
from chatproject.postgresql.pool import Connection, Pool
from chatproject.serving.bounds import Bounded
from chatproject.serving.request_threads import RequestThreads
from delivery.async_sql.patience import patient_once
from delivery.places import Places
from delivery.service_errors import WaitedInVain, is_database_away
from delivery.threads import KeepingThreads
from tests.conftest import Cast, in_thread
from tests.stage.asgi_requests import ask

#: Any wait for a connection or an answer is longer.
NO_SECONDS = 0.1
SLOW = "SELECT pg_sleep(1)"


@pytest.fixture
def absent() -> Iterator[Pool]:
    """A pool of connections to nowhere."""
    pool = Pool("host=/nowhere", connection_class=Connection, min_size=1, max_size=1, timeout=NO_SECONDS, open=True)
    yield pool
    pool.close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long a connection was waited for."""
    waits: list[float] = []
    really = ConnectionPool.getconn

    def wait(pool: Any, timeout: float | None = None) -> Any:
        waits.append(timeout)
        return really(pool, timeout)

    monkeypatch.setattr(ConnectionPool, "getconn", wait)
    return waits


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "answer_seconds", lambda: NO_SECONDS)


def backend() -> int:
    return int(prepared_sql.rows("SELECT pg_backend_pid()", [])[0][0])


def test_one_piece_of_work_waits_for_a_connection_once(absent: Pool, waits: list[float]) -> None:
    with patient_once():
        for _ in range(3):
            with pytest.raises(WaitedInVain):
                absent.getconn()
    assert waits == [NO_SECONDS]


def test_what_came_before_does_not_wait_behind_it(absent: Pool, waits: list[float]) -> None:
    came_at = time.monotonic()
    for _ in range(3):
        with patient_once(came_at), pytest.raises(WaitedInVain):
            absent.getconn()
    assert waits == [NO_SECONDS, pools.AT_ONCE, pools.AT_ONCE]


def test_what_comes_after_it_waits_as_ever(absent: Pool, waits: list[float]) -> None:
    for _ in range(2):
        with patient_once(), pytest.raises(WaitedInVain):
            absent.getconn()
    with pytest.raises(WaitedInVain):
        absent.getconn()
    assert waits == [NO_SECONDS] * 3


def test_what_came_before_gets_what_is_free(
    transactional_db: None, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.close()
    pool: Any = connection.pool  # type: ignore[attr-defined]
    monkeypatch.setattr(pool, "_in_vain_at", 0)
    with patient_once(-math.inf):
        assert backend()
    assert waits == [pools.AT_ONCE]


async def test_what_waits_for_its_turn_came_before(absent: Pool, waits: list[float]) -> None:
    threads = KeepingThreads(1)
    try:
        asked = [threads.run(absent.getconn) for _ in range(3)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
    finally:
        threads.close()
    assert all(isinstance(answer, WaitedInVain) for answer in answers)
    assert waits == [NO_SECONDS, pools.AT_ONCE, pools.AT_ONCE]


async def test_a_request_waits_once_though_several_layers_ask(
    db: None, absent: Pool, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A layer that leaves the words to the view behind it, which asks again.
    monkeypatch.setattr(settings, "SECRET_KEY_FALLBACKS", ["an older key"])
    monkeypatch.setitem(DatabaseWrapper._connection_pools, "default", absent)
    cookie = (b"cookie", f"{settings.SESSION_COOKIE_NAME}={'a' * 32}".encode())
    application = RequestThreads()
    for path in ("/", "/api/v1/users/me/"):
        waits.clear()
        begun, *_ = await ask(application, path, [cookie])
        assert (begun["status"], dict(begun["headers"])[b"Retry-After"]) == (503, b"1")
        assert waits == [NO_SECONDS]


async def test_a_request_that_waited_for_its_place_came_before(
    db: None, absent: Pool, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DatabaseWrapper._connection_pools, "default", absent)
    application = Bounded(RequestThreads(), Places(1, waiting=3))
    answers = await asyncio.gather(*(ask(application, "/invite/abcdefabcdef/") for _ in range(3)))
    assert [begun["status"] for begun, *_ in answers] == [503] * 3
    assert waits == [NO_SECONDS, pools.AT_ONCE, pools.AT_ONCE]


@pytest.mark.parametrize(
    "wait",
    [
        lambda: connection.cursor().execute(SLOW),
        lambda: prepared_sql.rows(SLOW, []),
        lambda: prepared_sql.pipeline((SLOW, []), ("SELECT 2", [])),
    ],
    ids=["orm", "prepared", "pipeline"],
)
@pytest.mark.parametrize("within", [transaction.atomic, contextlib.nullcontext], ids=["transaction", "alone"])
def test_an_answer_that_does_not_come_ends_the_work(
    transactional_db: None,
    impatient: None,
    waits: list[float],
    wait: Callable[[], Any],
    within: Callable[[], Any],
) -> None:
    before = backend()
    waits.clear()
    with patient_once():
        with pytest.raises(OperationalError) as raised, within():
            wait()
        assert is_database_away(raised.value)
        with pytest.raises(OperationalError):
            backend()
    assert waits == []
    connection.close()
    # No answer of the question before, and no connection of its age.
    assert prepared_sql.rows("SELECT 42", []) == [(42,)]
    assert backend() != before


async def test_connections_as_old_as_the_silent_one_are_not_used_again(transactional_db: None, impatient: None) -> None:
    def give_up() -> None:
        with patient_once(), pytest.raises(OperationalError):
            prepared_sql.rows(SLOW, [])

    before = {await in_thread(backend) for _ in range(settings.DATABASE_POOL)}
    await in_thread(give_up)
    assert before.isdisjoint([await in_thread(backend) for _ in range(settings.DATABASE_POOL)])


def test_a_command_is_told_that_nothing_answers(db: None, impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "read_back", lambda raw: raw.execute(SLOW))
    assert reach.why_not_postgresql() == "the database can't be reached: PostgreSQL gave no answer"


def test_a_command_waits_for_as_long_as_it_takes(db: None, impatient: None) -> None:
    assert prepared_sql.rows("SELECT 1 FROM pg_sleep(0.3)", []) == [(1,)]


def test_the_answer_has_longer_than_postgresql_gives_its_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (pools.answer_seconds() or 0) > settings.LIMITS.statement_seconds
    monkeypatch.setattr(settings, "LIMITS", SimpleNamespace(statement_seconds=0))
    assert pools.answer_seconds() is None


@pytest.mark.parametrize("path", ["/", "/admin/", "/password/", "/nothing", "/api/v1/users/me/"])
def test_without_a_database_every_door_says_when_to_come_back(cast: Cast, path: str) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("away")

    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(pk=cast.sam.pk))
    with connection.execute_wrapper(refuse):
        answer = client.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert ("unavailable" if path.startswith("/api/") else "Back in a moment") in answer.content.decode()
