"""Through a pooler all promises hold, or the server does not start, with the reason: it reads back what the pooler dropped."""

import asyncio
import re
import select
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from chat import prepared_sql
from chat.models import User
from chatproject.postgresql import effective
from chatproject.postgresql.effective import InForce, shortcomings
from chatproject.postgresql.options import connection_options, startup_options, wanted
from chatproject.reach import postgresql_in_force
from delivery.service_errors import is_database_away
from tests.conftest import Cast, in_thread
from tests.stage.poolers import PROGRAM, Pgbouncer
from tests.stage.refusing import refused
from tests.stage.servers import Server, expect

needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")

WANTED = wanted(settings.LIMITS)
ALL_WELL = InForce(
    version="18.6", version_number=180006, is_standby=False, is_pooled=True, role="our own", database="gapless",
    settings=WANTED,
)  # fmt: skip


@pytest.mark.fast
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("synchronous_commit", "off"),
            ("synchronous_commit", "local"),
            ("default_transaction_isolation", "serializable"),
        ),
        *((name, value) for name in WANTED if name.endswith("_timeout") for value in ("0", str(int(WANTED[name]) + 1))),
    ],
)
def test_what_breaks_a_promise_is_said_with_the_statement_that_mends_it(name: str, value: str) -> None:
    [found] = shortcomings(replace(ALL_WELL, settings={**WANTED, name: value}))
    assert f"{name} is {value}" in found.says
    assert f'ALTER ROLE "our own" IN DATABASE "gapless" SET {name} = \'{WANTED[name]}\';' in found.do


@pytest.mark.fast
def test_what_promises_more_than_is_asked_for_is_well() -> None:
    sooner = {name: "1" for name in WANTED if name.endswith("_timeout")}
    assert not list(shortcomings(ALL_WELL))
    assert not list(
        shortcomings(replace(ALL_WELL, settings={**WANTED, **sooner, "synchronous_commit": "remote_apply"}))
    )


@pytest.mark.fast
def test_a_limit_of_nought_asks_for_no_end(settings: object) -> None:
    settings.LIMITS = replace(settings.LIMITS, statement_seconds=0)  # type: ignore[attr-defined]
    assert effective.is_enough("statement_timeout", "0")


@pytest.mark.fast
def test_a_standby_serves_nobody() -> None:
    [found] = shortcomings(replace(ALL_WELL, is_standby=True))
    assert "target_session_attrs=read-write" in found.do


def test_a_connection_without_a_pooler_has_all_that_it_asks_for(db: None) -> None:
    found = postgresql_in_force()
    assert found.settings == WANTED
    assert (found.is_pooled, found.is_standby) == (False, False)


@pytest.mark.holds("idle_in_transaction_seconds")
def test_a_transaction_in_which_nothing_is_said_holds_its_locks_no_longer(db: None) -> None:
    one = f"{settings.LIMITS.idle_in_transaction_seconds * 1000}"
    options = startup_options(settings.LIMITS).replace(f"session_timeout={one}", "session_timeout=400")
    parameters = connection.get_connection_params() | {"options": options, "cursor_factory": psycopg.Cursor}
    with psycopg.connect(**parameters) as raw:
        raw.execute("SELECT 1")
        told = select.poll()
        told.register(raw.fileno(), select.POLLIN)
        assert not told.poll(300), "at n it lives"
        assert told.poll(5000), "at n + 1 it is over"
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            raw.execute("SELECT 1")


@pytest.mark.fast
def test_of_several_servers_the_next_is_reached_before_anybody_gives_up() -> None:
    def of(**database: Any) -> Any:
        return connection_options(database, settings.LIMITS, pool_size=2)

    assert of(HOST="one")["connect_timeout"] == settings.LIMITS.pool_wait_seconds
    for several in (of(HOST="one,two"), of(OPTIONS={"host": "/one,/two"})):
        assert several["connect_timeout"] < settings.LIMITS.pool_wait_seconds
    own = of(
        HOST="one", OPTIONS={"sslmode": "verify-full", "tcp_user_timeout": "1", "options": "-c synchronous_commit=off"}
    )
    assert (own["sslmode"], own["tcp_user_timeout"]) == ("verify-full", "1")
    assert own["options"] == startup_options(settings.LIMITS)


@pytest.mark.django_db(transaction=True)
def test_rows_are_streamed_within_a_transaction_only() -> None:
    with CaptureQueriesContext(connection) as alone:
        list(User.objects.iterator())
    with transaction.atomic(), CaptureQueriesContext(connection) as together:
        list(User.objects.iterator())
    assert [is_cursor(alone), is_cursor(together)] == [False, True]


def is_cursor(captured: CaptureQueriesContext) -> bool:
    return any("DECLARE" in query["sql"] for query in captured.captured_queries)


@pytest.mark.django_db(transaction=True)
def test_a_server_that_has_become_a_standby_is_as_much_as_none() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        try:
            for write in (
                lambda: User.objects.update(is_active=True),
                lambda: prepared_sql.execute("DELETE FROM users", []),
            ):
                with pytest.raises(OperationalError, match="read-only") as raised:
                    write()
                assert is_database_away(raised.value)
        finally:
            cursor.execute("RESET default_transaction_read_only")


# ---- a real pgbouncer, by the transaction ----


@pytest.fixture
def folder() -> Iterator[Path]:
    # A Unix socket's path is short, and pytest's folders are for their owner only.
    path = Path(tempfile.mkdtemp(prefix="pgb-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def pgbouncer(transactional_db: None, folder: Path) -> Iterator[Pgbouncer]:
    with Pgbouncer(folder) as running:
        yield running


@pytest.fixture
def environ(pgbouncer: Pgbouncer) -> dict[str, str]:
    return {**Server().environ(), "DATABASE_URL": pgbouncer.url}


@pytest.fixture
def settled(pgbouncer: Pgbouncer, environ: dict[str, str]) -> Iterator[None]:
    """The role has what it was told to have; it is taken away again."""
    said = refused(environ, "serve")
    statements = re.findall(r"ALTER ROLE [^;]*;", said)
    assert {"statement_timeout", "lock_timeout"} <= set(re.findall(r"SET (\w+)", said)), said
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        pgbouncer.connect_anew()
        yield
        cursor.execute(f'ALTER ROLE gapless IN DATABASE "{connection.settings_dict["NAME"]}" RESET ALL')


@needs_pgbouncer
@pytest.mark.parametrize("command", [["migrate"], ["serve", "--migrate"]], ids=" ".join)
def test_what_needs_a_session_of_its_own_is_not_done_through_a_pooler(
    environ: dict[str, str], command: list[str]
) -> None:
    assert "leads through a pooler" in refused(environ, *command)


@needs_pgbouncer
def test_a_pooler_that_refuses_what_is_asked_for_is_a_sentence_that_says_what_to_write(
    transactional_db: None, folder: Path
) -> None:
    with Pgbouncer(folder, ignores="extra_float_digits") as running:
        said = refused({**Server().environ(), "DATABASE_URL": running.url}, "serve")
    assert "ignore_startup_parameters = options, synchronous_commit" in said


@needs_pgbouncer
async def test_through_a_pooler_everything_is_said_and_heard_once_the_role_has_our_settings(
    settled: None, pgbouncer: Pgbouncer, own_server: Callable[..., Server], cast: Cast
) -> None:
    server = await in_thread(own_server, DATABASE_URL=pgbouncer.url)
    async with server.connect(cast.token(cast.alice)) as alice, server.connect(cast.token(cast.bob)) as bob:
        bodies = [f"said {number}" for number in range(40)]
        posted = ((alice, bob)[number % 2].post(cast.team.pk, body) for number, body in enumerate(bodies))
        assert len(await asyncio.gather(*posted)) == len(bodies)
        await expect(lambda: len(bob.changes.get(cast.team.pk, ())) == len(bodies))
        assert {change["body"] for change in bob.changes[cast.team.pk]} == set(bodies)
        assert bob.gaps == 0
