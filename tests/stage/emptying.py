"""Empties the tables between tests while web processes still work: it never waits for a lock while it holds one.

Django's flush truncates table after table, and waits for each; a web process that reads two of them the other way around makes
that a deadlock. Here all locks are taken at once or none, so work that is under way can finish, and no cycle can arise. What few
rows there are is deleted, which is ten times cheaper than to truncate; what no test changes stays.
"""

import time
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.test import TransactionTestCase
from psycopg.errors import LockNotAvailable

#: Nobody promises this; it ends a wait for a transaction that never ends.
WAIT_SECONDS = 30
#: Django's kinds and permissions are made once, with the database.
STANDING = {"django_content_type", "auth_permission"}
#: A trigger refuses to delete from it.
ONLY_TRUNCATED = "audit_log"
#: A table with more than this, of dead rows too, is truncated, and all others with it.
MOST_BYTES = 128 * 1024


def install() -> None:
    TransactionTestCase._fixture_teardown = lambda test: empty_tables()  # type: ignore[method-assign]


def empty_tables() -> None:
    """Begun as soon as nobody holds any table."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not _did_empty():
        if time.monotonic() > deadline:
            raise AssertionError(f"the tables can't be emptied, somebody still works: {_who_works()}")
        time.sleep(0.01)


def _did_empty() -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            sizes = _sizes(cursor)
            cursor.execute(f"LOCK TABLE {', '.join(sizes)} IN ACCESS EXCLUSIVE MODE NOWAIT")
            if max(sizes.values()) > MOST_BYTES:
                cursor.execute(f"TRUNCATE {', '.join(sizes)}")
                return True
            used = [name for name, size in sizes.items() if size]
            cursor.execute("; ".join(_emptying(name) for name in used) or "SELECT 1")
    except DatabaseError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return False
        raise
    return True


def _emptying(table: str) -> str:
    return f"TRUNCATE {table}" if table == ONLY_TRUNCATED else f"DELETE FROM {table}"


def _sizes(cursor: Any) -> dict[str, int]:
    tables = sorted({*connection.introspection.django_table_names()} - STANDING)
    cursor.execute("SELECT name, pg_relation_size(to_regclass(name)) FROM unnest(%s::text[]) AS name", [tables])
    return {name: size for name, size in cursor.fetchall() if size is not None}


def _who_works() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, state, now() - xact_start, query FROM pg_stat_activity"
            " WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        )
        return cursor.fetchall()
