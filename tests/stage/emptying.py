"""Empties the tables between tests while web processes still work: it never waits for a lock while it holds one.

Django's flush truncates table after table, and waits for each; a web process that reads two of them the other way around makes
that a deadlock. Here all locks are taken at once or none, so whoever still works is let finish, and no cycle can arise.
"""

import time
from typing import Any

from django.db import DatabaseError, connections, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg.errors import LockNotAvailable

#: Nobody promises this; it ends a wait for a transaction that never ends.
WAIT_SECONDS = 30
_truncate = DatabaseOperations.execute_sql_flush


def empty_tables(operations: DatabaseOperations, statements: list[str]) -> None:
    """Django's `execute_sql_flush`, begun as soon as nobody holds any table."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not _did_truncate(operations, statements):
        if time.monotonic() > deadline:
            raise AssertionError(f"the tables can't be emptied, somebody still works: {_who_works(operations)}")
        time.sleep(0.01)


def install() -> None:
    DatabaseOperations.execute_sql_flush = empty_tables  # type: ignore[method-assign]


def _did_truncate(operations: DatabaseOperations, statements: list[str]) -> bool:
    connection = connections[operations.connection.alias]
    tables = ", ".join(map(operations.quote_name, sorted(connection.introspection.table_names())))
    try:
        with transaction.atomic(using=connection.alias):
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE NOWAIT")
            _truncate(operations, statements)
    except DatabaseError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return False
        raise
    return True


def _who_works(operations: DatabaseOperations) -> list[Any]:
    with operations.connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, state, now() - xact_start, query FROM pg_stat_activity"
            " WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        )
        return cursor.fetchall()
