"""Prepared statements for the path of every message; everything else uses the ORM.

Measured: the same batch through the ORM costs two to three times the CPU, most of it spent on building SQL.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, TypeVar

import psycopg
from django.db import connection, transaction
from django.db.models import QuerySet
from psycopg.types.datetime import TimestamptzLoader

from delivery.source import Asked, Reading

T = TypeVar("T")


def rows(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement, within Django's transaction and with Django's exceptions."""
    with _connected() as raw, _cursor(raw) as cursor:
        return cursor.execute(sql, parameters, prepare=True).fetchall()


def together(*asked: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
    """The rows of each of these statements, all in one round trip; what is written between two is seen by the later one."""
    with _connected() as raw, ExitStack() as stack:
        cursors = [stack.enter_context(_cursor(raw)) for _ in asked]
        with raw.pipeline():
            for cursor, (sql, parameters) in zip(cursors, asked, strict=True):
                cursor.execute(sql, parameters, prepare=True)
        return [cursor.fetchall() for cursor in cursors]


def found(reading: Reading[T]) -> T:
    """What it finds, asked in this thread."""
    try:
        asked = next(reading)
        while True:
            # One statement alone needs no pipeline.
            asked = reading.send(together(*asked) if len(asked) > 1 else [rows(*asked[0])])
    except StopIteration as end:
        value: T = end.value
        return value


def any_of(queryset: QuerySet[Any]) -> Asked:
    """Asks whether there is one of these. To be kept: to write it takes the ORM longer than to ask it takes PostgreSQL."""
    sql, parameters = queryset.order_by().values_list("pk")[:1].query.sql_with_params()
    return sql, [str(parameter) for parameter in parameters]


def is_any(asked: Asked) -> Reading[bool]:
    """Whether there is a row of what is asked for."""
    [found] = yield [asked]
    return bool(found)


def execute(sql: str, parameters: Sequence[Any]) -> None:
    """A statement without rows, in the same way."""
    with _connected() as raw, _cursor(raw) as cursor:
        cursor.execute(sql, parameters, prepare=True)


def _cursor(raw: "psycopg.Connection[Any]") -> "psycopg.Cursor[Any]":
    cursor = psycopg.Cursor(raw)
    # psycopg's own: Django's takes ten times as long for a time, and an opening is full of them.
    cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
    return cursor


@contextmanager
def _connected() -> "Iterator[psycopg.Connection[Any]]":
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors:
        try:
            yield raw
        except psycopg.errors.FeatureNotSupported as error:
            # A migration has changed the type of a column that a prepared statement answers with. Another connection prepares anew.
            raw.close()
            raise psycopg.OperationalError("a prepared statement is out of date") from error


def alone() -> AbstractContextManager[None]:
    """Around statements each of which is a transaction by itself. Within another transaction: a savepoint, which errors undo."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
