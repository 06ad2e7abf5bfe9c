"""The statements of the busiest paths are prepared once a connection, and survive a migration under them."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, connections

from chat import prepared_sql
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
