"""A session that PostgreSQL ended within a transaction is as much as a PostgreSQL that is away."""

import select
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from chat import prepared_sql
from chat.models import User
from delivery.service_errors import is_database_away, service_away
from delivery.threads import DatabaseThreads
from tests.conftest import in_thread

BOUNDS = ["idle_in_transaction_session_timeout", "transaction_timeout"]


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize(
    "ask",
    [
        lambda: User.objects.count(),
        lambda: prepared_sql.rows("SELECT 1", []),
        lambda: prepared_sql.pipeline(("SELECT 1", []), ("SELECT 2", [])),
        lambda: None,
    ],
    ids=["orm", "prepared", "pipeline", "commit"],
)
def test_an_ended_session_is_an_absence_and_the_next_is_another(
    transactional_db: None, bound: str, ask: Callable[[], Any]
) -> None:
    with pytest.raises(OperationalError) as raised:
        ask_too_late(bound, ask)
    assert is_database_away(raised.value)
    assert service_away(raised.value) == "PostgreSQL"
    assert prepared_sql.rows("SELECT 42", []) == [(42,)]


@pytest.mark.parametrize("bound", BOUNDS)
async def test_a_read_is_asked_for_again(transactional_db: None, bound: str) -> None:
    bounds = [bound]

    def read() -> int:
        with transaction.atomic():
            if bounds:
                end_session(bounds.pop())
            return User.objects.count()

    threads = DatabaseThreads(1)
    try:
        assert await threads.read(read) == await in_thread(User.objects.count)
    finally:
        threads.close()


def ask_too_late(bound: str, ask: Callable[[], Any]) -> None:
    with transaction.atomic():
        end_session(bound)
        ask()


def end_session(bound: str) -> None:
    """Within a transaction: returns when PostgreSQL has ended its session."""
    prepared_sql.execute(f"SET LOCAL {bound} = 1", [])
    told = select.poll()
    told.register(connection.connection.fileno(), select.POLLIN)
    assert told.poll(5000)
