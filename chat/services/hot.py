"""Prepared statements for the path that every message takes; everything else goes through the ORM.

Measured: the same batch through the ORM costs two to three times the CPU, most of it spent on building SQL.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any

import psycopg
from django.db import connection, transaction


def rows(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement, within Django's transaction and with Django's exceptions."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(sql, parameters, prepare=True).fetchall()


def together(*asked: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
    """The rows of each of these statements, all in one round trip; what is written between two is seen by the later one."""
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors, ExitStack() as stack:
        cursors = [stack.enter_context(psycopg.Cursor(raw)) for _ in asked]
        with raw.pipeline():
            for cursor, (sql, parameters) in zip(cursors, asked, strict=True):
                cursor.execute(sql, parameters, prepare=True)
        return [cursor.fetchall() for cursor in cursors]


def execute(sql: str, parameters: Sequence[Any]) -> None:
    """A statement without rows, in the same way."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, parameters, prepare=True)


def alone() -> AbstractContextManager[None]:
    """Around statements each of which is a transaction by itself. Within another transaction: a savepoint, which errors undo."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
