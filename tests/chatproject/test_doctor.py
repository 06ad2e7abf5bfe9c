"""The doctor says what is wrong, and what to do."""

import json
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import redis
from django.core.management import call_command
from django.db import connection, transaction

from chatproject import doctor, redis_findings
from tests.conftest import Cast
from tests.stage.commands import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("synced")]


@pytest.fixture
def synced(transactional_db: None) -> Iterator[None]:
    """PostgreSQL writes to the disk, as it does everywhere but in tests (tests/stage/environment.py)."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM RESET fsync")
        _until(cursor, "on")
        yield
        cursor.execute("ALTER SYSTEM SET fsync = off")
        _until(cursor, "off")


def _until(cursor: Any, fsync: str) -> None:
    deadline = time.monotonic() + 10
    found = ""
    while found != fsync:
        assert time.monotonic() < deadline
        cursor.execute("SELECT pg_reload_conf()")
        cursor.execute("SHOW fsync")
        [found] = cursor.fetchone()


def test_the_doctor_finds_nothing_wrong_with_the_embedded_services(cast: Cast) -> None:
    found = run("doctor")
    assert found["well"] is True
    about = {finding["about"] for finding in found["findings"]}
    assert about >= {"settings", "postgresql", "migrations", "connections", "indexes", "redis", "clocks", "disk"}
    assert all(finding["do"] for finding in found["findings"] if finding["state"] != "ok")


def test_the_doctor_says_what_is_wrong_and_what_to_do(cast: Cast, settings: Any) -> None:
    settings.WEB_WORKERS, settings.REDIS_URL = 30, "redis://localhost:9"
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=output)
    assert ended.value.code == 1
    wrong = {
        finding["about"]: finding
        for finding in json.loads(output.getvalue())["findings"]
        if finding["state"] == "wrong"
    }
    assert set(wrong) == {"connections", "redis"}, "nothing else of what is dead is asked"
    assert "WEB_WORKERS" in wrong["connections"]["do"]
    assert "reached" in wrong["redis"]["do"]


#: What is bad, by the doctor's own measure, and a word of what to do about it.
BAD = (
    ("python", {"LEAST_PYTHON": (99, 0)}, "wrong", "Install Python 99.0"),
    ("postgresql", {"LEAST_POSTGRESQL": 99}, "wrong", "Upgrade to 99"),
    ("migrations", {"waiting_migrations": lambda: 2}, "wrong", "manage.py migrate"),
    ("indexes", {"ENOUGH_ROWS": 0, "_READS": {"this": ("SELECT 1", {"nothing"})}}, "warning", "VACUUM ANALYZE"),
    ("redis", {"LEAST_REDIS": 99}, "wrong", "Upgrade to 99"),
    ("clocks", {"MOST_APART": -1.0}, "wrong", "NTP"),
    ("disk", {"LEAST_FREE": 2**70}, "warning", "RETENTION_DAYS"),
)


@pytest.mark.parametrize(("about", "measure", "state", "do"), BAD, ids=[about for about, *_ in BAD])
def test_the_doctor_says_what_to_do_about_each_bad_condition(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, about: str, measure: dict[str, Any], state: str, do: str
) -> None:
    for name, value in measure.items():
        monkeypatch.setattr(doctor if hasattr(doctor, name) else redis_findings, name, value)
    assert any(do in finding.do for finding in doctor.examine() if (finding.about, finding.state) == (about, state))


def test_the_doctor_sees_what_postgresql_redis_and_the_settings_really_say(cast: Cast, settings: Any) -> None:
    settings.DEBUG = True
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as client, transaction.atomic():
        policy = client.config_get("maxmemory-policy")["maxmemory-policy"]
        client.config_set("maxmemory-policy", "noeviction")
        try:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'messages_seq'::regclass")
            found = {finding.about: finding for finding in doctor.examine() if finding.do}
        finally:
            client.config_set("maxmemory-policy", policy)
            transaction.set_rollback(True)
    assert "DEBUG" in found["settings"].do
    assert "REINDEX INDEX CONCURRENTLY messages_seq" in found["indexes"].do
    assert "deploy/valkey.conf" in found["redis"].do


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_the_doctor_warns_of_a_postgresql_that_loses_what_was_accepted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    ask = doctor._one
    monkeypatch.setattr(doctor, "_one", lambda sql: "off" if setting in sql else ask(sql))
    assert any("Set both on" in finding.do for finding in doctor.examine() if finding.state == "wrong")
