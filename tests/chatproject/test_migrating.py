"""`manage.py migrate` during other work: it waits for its turn, and blocks no other work."""

import dataclasses
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from tests.stage.servers import database_url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Somebody whose transaction has read what the migration would take away."""
    with psycopg.connect(database_url(), application_name="a long report") as held:
        held.execute("SELECT FROM django_session")
        yield held
        held.rollback()


@pytest.mark.holds("migration_lock_seconds")
def test_a_migration_that_waits_for_a_lock_gives_up_with_a_sentence(
    reader: psycopg.Connection[Any], settings: Any
) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, migration_lock_seconds=1)
    began_at = time.monotonic()
    with pytest.raises(CommandError) as refused:
        call_command("migrate", "sessions", "zero", verbosity=0)
    assert 1 <= time.monotonic() - began_at < 10
    said = str(refused.value)
    assert said.startswith("sessions.0001_initial gave up: others have held what it needs for more than 1 s")
    assert f"process {reader.info.backend_pid} (a long report)" in said
    # Nothing of it was done, and the connection has its own bounds again.
    assert Session.objects.count() == 0
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("2s",)


def test_a_lock_that_is_given_back_in_time_is_waited_for(reader: psycopg.Connection[Any]) -> None:
    release = threading.Timer(0.3, reader.rollback)
    release.start()
    try:
        call_command("migrate", "sessions", "zero", verbosity=0)
    finally:
        release.join()
        call_command("migrate", "sessions", verbosity=0)
    assert Session.objects.count() == 0


def test_every_migration_of_ours_can_be_taken_back() -> None:
    ours = {key: found for key, found in MigrationLoader(None).graph.nodes.items() if key[0] in ("chat", "support")}
    assert len(ours) > 50
    assert [key for key, found in ours.items() if not all(each.reversible for each in found.operations)] == []


@pytest.mark.by_hand
def test_all_migrations_since_sanctions_go_back_and_forth(transactional_db: None) -> None:
    graph = MigrationLoader(connection).graph
    try:
        MigrationExecutor(connection).migrate([("chat", "0014_sign_in_addresses")])
    finally:
        MigrationExecutor(connection).migrate(graph.leaf_nodes())
    assert MigrationExecutor(connection).migration_plan(graph.leaf_nodes()) == []
