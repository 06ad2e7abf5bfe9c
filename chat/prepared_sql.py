"""Prepared statements for the path of every message; everything else uses the ORM.

Measured: the same batch through the ORM costs two to three times the CPU, most of it spent on building SQL.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from django.db import connection, transaction
from django.db.models import QuerySet
from psycopg.types.datetime import TimestamptzLoader

from delivery.source import Asked, Reading

T = TypeVar("T")
Statement = tuple[str, Sequence[Any]]
Rows = list[tuple[Any, ...]]

_PLAN = """
SELECT set_config('plan_cache_mode', %s, true), set_config('enable_seqscan', %s, true), set_config('enable_sort', %s, true)
"""
_ONCE, _AS_USUAL = ["force_generic_plan", "off", "off"], ["auto", "on", "on"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A right to read, asked right after what is read, in the same round trip. `require` gets its rows, and may refuse.

    A user who loses the right while the rows are read gets none of them.
    """

    statement: Statement
    require: Callable[[Rows], object]


def rows(sql: str, parameters: Sequence[Any], *, condition: Condition | None = None) -> Rows:
    """Runs a prepared statement and returns its rows, within Django's transaction and with Django's exceptions.

    Raises what the condition raises.
    """
    if condition is not None:
        return _conditional(condition, (sql, parameters))[0]
    with _connected() as raw, _cursor(raw) as cursor:
        return cursor.execute(sql, parameters, prepare=True).fetchall()


def pipeline(*asked: Statement) -> list[list[tuple[Any, ...]]]:
    """Runs these statements in one round trip (a psycopg pipeline), and returns the rows of each.

    Without a transaction around them, a later statement sees what others commit between the two.
    """
    with _connected() as raw, ExitStack() as stack:
        cursors = [stack.enter_context(_cursor(raw)) for _ in asked]
        with raw.pipeline():
            for cursor, (sql, parameters) in zip(cursors, asked, strict=True):
                cursor.execute(sql, parameters, prepare=True)
        return [cursor.fetchall() for cursor in cursors]


def rows_in_index_order(sql: str, parameters: Sequence[Any], *, condition: Condition | None = None) -> Rows:
    """Runs a statement that reads the beginning of an index, planned once a connection; returns its rows. Raises as `rows`.

    PostgreSQL would plan it for each value anew, which takes longer than reading a page: it can't know that the beginning of an
    index costs the same wherever that is. It may neither sort nor read the whole table, so that a plan which was made when the
    table was empty is good for ever. In the same round trip, and for this statement only.
    """
    asked: list[Statement] = [(_PLAN, _ONCE), (sql, parameters)]
    if connection.in_atomic_block:
        # Otherwise the round trip is a transaction, with which the setting ends.
        asked.append((_PLAN, _AS_USUAL))
    return _conditional(condition, *asked)[1]


def _conditional(condition: Condition | None, *asked: Statement) -> list[Rows]:
    if condition is None:
        return pipeline(*asked)
    *found, required = pipeline(*asked, condition.statement)
    condition.require(required)
    return found


def run_reading(reading: Reading[T]) -> T:
    """Runs the statements of a reading in this thread, and returns the reading's result."""
    try:
        asked = next(reading)
        while True:
            # One statement alone needs no pipeline.
            asked = reading.send(pipeline(*asked) if len(asked) > 1 else [rows(*asked[0])])
    except StopIteration as end:
        value: T = end.value
        return value


def exists_sql(queryset: QuerySet[Any]) -> Asked:
    """A statement with its parameters that finds at most one row of the queryset, for `exists`.

    Callers keep it: the ORM needs longer to write it than PostgreSQL needs to answer it.
    """
    sql, parameters = queryset.order_by().values_list("pk")[:1].query.sql_with_params()
    return sql, [str(parameter) for parameter in parameters]


def exists(asked: Asked) -> Reading[bool]:
    """A reading: whether the statement finds a row."""
    [rows_found] = yield [asked]
    return bool(rows_found)


def execute(sql: str, parameters: Sequence[Any]) -> None:
    """Runs a prepared statement that returns no rows, within Django's transaction and with Django's exceptions."""
    with _connected() as raw, _cursor(raw) as cursor:
        cursor.execute(sql, parameters, prepare=True)


def _cursor(raw: "psycopg.Connection[Any]") -> "psycopg.Cursor[Any]":
    cursor = psycopg.Cursor(raw)
    # psycopg's own loader: Django's takes ten times as long for a time, and `hello` has many times.
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


def autocommit() -> AbstractContextManager[None]:
    """Runs each statement of the block as a transaction by itself; within another transaction the block is a savepoint."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
