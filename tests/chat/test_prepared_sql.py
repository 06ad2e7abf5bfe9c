"""The statements of the busiest paths are prepared once a connection, and survive a migration under them."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, connections

from chat import prepared_sql
from chat.reads.sent import Place, beside
from delivery.service_errors import is_database_away


@pytest.fixture
def elsewhere(transactional_db: None) -> "Iterator[psycopg.Connection[tuple[int]]]":
    """A migration's connection, beside that of the test."""
    parameters = connections["default"].get_connection_params() | {"cursor_factory": psycopg.Cursor}
    with psycopg.connect(**parameters, autocommit=True) as connection:
        connection.execute("CREATE TABLE words (word varchar(8))")
        yield connection
        connection.execute("DROP TABLE words")


def test_a_statement_of_a_busy_path_is_prepared_when_it_is_first_asked(transactional_db: None) -> None:
    prepared_sql.rows("SELECT 41 + %s", [1])
    prepared_sql.pipeline(("SELECT 42 + %s", [1]))
    prepared = "SELECT statement FROM pg_prepared_statements"
    assert {"SELECT 41 + $1", "SELECT 42 + $1"} <= {statement for (statement,) in prepared_sql.rows(prepared, [])}


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["channel_id", "thread_id"])
def test_a_page_of_history_is_planned_once_and_read_by_its_index(where: Place) -> None:
    for seq in range(1, 9):
        beside(where, 1, seq, older=5, newer=5)
    counted = (
        "SELECT name, custom_plans FROM pg_prepared_statements WHERE strpos(statement, %s) > 0 AND generic_plans > 7"
    )
    [(name, planned_anew)] = prepared_sql.rows(counted, [f"message.{where} = $1 AND message.seq <"])
    assert planned_anew == 0
    plan = [line for (line,) in prepared_sql.rows_in_index_order(f"EXPLAIN EXECUTE {name} (1, 5, 5, 1, 5, 5)", [])]
    assert sum("Index Scan" in line and "on messages" in line for line in plan) == 2, "\n".join(plan)
    assert not any("Sort" in line for line in plan), "\n".join(plan)
    assert prepared_sql.rows("SHOW plan_cache_mode", []) + prepared_sql.rows("SHOW enable_sort", []) == [
        ("auto",),
        ("on",),
    ]


def test_how_a_page_is_planned_ends_with_its_round_trip(transactional_db: None) -> None:
    beside("channel_id", 1, 5, older=5, newer=5)
    in_force = prepared_sql.pipeline(
        *((f"SHOW {name}", []) for name in ("plan_cache_mode", "enable_seqscan", "enable_sort"))
    )
    assert in_force == [[("auto",)], [("on",)], [("on",)]]


def test_a_migration_under_a_prepared_statement_is_like_a_cut_connection(
    elsewhere: "psycopg.Connection[tuple[int]]",
) -> None:
    words = "SELECT word FROM words"
    assert prepared_sql.rows(words, []) == []
    elsewhere.execute("ALTER TABLE words ALTER word TYPE text")
    with pytest.raises(OperationalError) as refused:
        prepared_sql.rows(words, [])
    assert is_database_away(refused.value), "reads are asked for again, sends are repeated by their clients"
    connections.close_all()
    assert prepared_sql.rows(words, []) == []
