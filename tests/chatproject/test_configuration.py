"""The files in deploy/ are the configuration of the embedded services, and agree with the limits."""

import re
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection

from chatproject.embedded.memory import memory_of_machine, shared_buffers
from chatproject.limits import Limits
from tests.stage.servers import ROOT


def shipped(name: str, separator: str) -> dict[str, str]:
    lines = (line.split("#")[0].strip() for line in (ROOT / "deploy" / name).read_text().splitlines())
    pairs = (line.partition(separator) for line in lines if line)
    return {key.strip(): value.strip() for key, _, value in pairs}


@pytest.mark.django_db
def test_postgresql_runs_with_the_shipped_configuration() -> None:
    said = shipped("postgresql.conf", "=")
    assert int(said["max_connections"]) == Limits().server_connections
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting, unit FROM pg_settings WHERE name = ANY(%s)", [list(said)])
        running = {name: (value, unit) for name, value, unit in cursor.fetchall()}
    assert running.keys() == said.keys()
    assert running["idle_in_transaction_session_timeout"] == ("300000", "ms")
    assert running["max_connections"][0] == said["max_connections"]
    assert running["jit"][0] == said["jit"]


@pytest.mark.django_db
def test_the_embedded_postgresql_keeps_as_much_in_memory_as_the_machine_allows() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_size_bytes(current_setting('shared_buffers')) / 1024 / 1024")
        running = f"{cursor.fetchone()[0]}MB"
    assert running == shared_buffers(memory_of_machine())
    assert [shared_buffers(n * 2**30) for n in (1, 2, 4, 64)] == ["128MB", "256MB", "512MB", "512MB"]
    assert shared_buffers(512 * 2**20) == shipped("postgresql.conf", "=")["shared_buffers"]


def test_a_container_counts_as_the_machine(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    whole = memory_of_machine(limit)
    limit.write_text("max\n")
    assert memory_of_machine(limit) == whole
    limit.write_text(f"{2**30}\n")
    assert memory_of_machine(limit) == 2**30
    limit.write_text(f"{2**60}\n")
    assert memory_of_machine(limit) == whole


def test_valkey_runs_with_the_shipped_configuration() -> None:
    said = shipped("valkey.conf", " ")
    client = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    running = {name: client.config_get(name)[name] for name in said}
    assert running.pop("maxmemory") == str(2 * 2**30)
    assert re.fullmatch(r"2gb", said.pop("maxmemory"))
    assert running == said
