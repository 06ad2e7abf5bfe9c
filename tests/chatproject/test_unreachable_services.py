"""Services that can't be reached or refuse: one sentence, at once, from every command of the operator."""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from django.db import connection
from redis.exceptions import NoPermissionError

from chatproject import doctor, redis_findings
from chatproject.schema import MIGRATING
from tests.conftest import Cast, in_thread
from tests.stage import forked
from tests.stage.ports import free_port
from tests.stage.refusing import ended, refused
from tests.stage.servers import ROOT, Server, database_url, expect, patient_cursor
from tests.stage.support import wait_until
from tests.stage.valkeys import Valkey

#: Of the process itself, on a machine that is busy with other things; a pool would wait three seconds for each connection.
AT_ONCE_SECONDS = 8


@pytest.fixture
def environ(db: None) -> dict[str, str]:
    return {**Server().environ(), "PORT": str(free_port())}


@pytest.fixture
def no_tls() -> Iterator[int]:
    """The port of a server that answers PostgreSQL's question for TLS with No, and Redis' with nonsense."""

    def answer() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                line.recv(100)
                line.sendall(b"N")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def test_a_command_waits_while_another_process_migrates(environ: dict[str, str], tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.touch()
    with psycopg.connect(database_url(), autocommit=True) as migrating:
        migrating.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
        process = forked.Forked(["manage.py", "users"], cwd=ROOT, env=environ, output=told)
        wait_until(lambda: "waiting until another process has migrated" in told.read_text(), within=30)
        assert process.poll() is None
    assert process.wait(30) == 0
    assert told.read_text().count("waiting") == 1


@pytest.mark.parametrize(
    "command", [["migrate"], ["serve"], ["createuser", "ann"], ["prune"]], ids=lambda words: words[0]
)
def test_every_command_says_in_libpqs_words_why_postgresql_lets_it_in_no_more(
    environ: dict[str, str], command: list[str]
) -> None:
    name = connection.settings_dict["NAME"]
    said = refused({**environ, "DATABASE_URL": database_url().replace(f"/{name}?", "/nowhere?")}, *command)
    assert 'database "nowhere" does not exist' in said


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://gapless:wrong@127.0.0.1:{tls}/gapless?sslmode=require", "server does not support SSL"),
        ("postgresql://gapless@127.0.0.1:9/gapless", "Connection refused"),
        ("postgresql://gapless@127.0.0.1:9/gapless?sslmode=nonsense", "sslmode"),
        ("postgresql://gapless@127.0.0.1:9/gapless?colour=red", "colour"),
    ],
)
def test_whatever_is_wrong_with_the_connection_is_a_sentence(
    environ: dict[str, str], no_tls: int, url: str, says: str
) -> None:
    said = refused({**environ, "DATABASE_URL": url.format(tls=no_tls)}, "migrate")
    assert says in said
    assert "wrong@" not in said


@pytest.mark.parametrize(
    "url",
    [
        *(
            "redis+sentinel://localhost:26379/mymaster",
            "sentinel://localhost",
            "redis-cluster://localhost",
            "localhost:6379",
        ),
        *("redis://:secret@localhost:x/0", "redis://:secret@localhost:99999/0"),
    ],
)
def test_what_is_no_address_of_one_redis_is_a_sentence_without_the_password(environ: dict[str, str], url: str) -> None:
    said = refused({**environ, "REDIS_URL": url}, "prune")
    assert "REDIS_URL" in said
    assert "secret" not in said


def test_an_address_of_a_database_that_is_wrong_keeps_its_password_to_itself(environ: dict[str, str]) -> None:
    assert "secret" not in refused({**environ, "DATABASE_URL": "postgresql://a:secret@[::1/b"}, "migrate")


@pytest.fixture
def limited(environ: dict[str, str], transactional_db: None) -> Iterator[dict[str, str]]:
    """A database in which our account may make tables, but no extension."""
    with patient_cursor() as cursor:
        for statement in (
            "DROP DATABASE IF EXISTS limited",
            "DROP ROLE IF EXISTS limited",
            "CREATE ROLE limited LOGIN",
        ):
            cursor.execute(statement)
        cursor.execute("CREATE DATABASE limited TEMPLATE template0")
    name = connection.settings_dict["NAME"]
    url = re.sub(r"//[^@]*@", "//limited@", database_url()).replace(f"/{name}?", "/limited?")
    yield {**environ, "DATABASE_URL": url}
    with patient_cursor() as cursor:
        cursor.execute("DROP DATABASE limited WITH (FORCE)")
        cursor.execute("DROP ROLE limited")


def test_missing_rights_are_a_sentence_that_says_what_to_do(environ: dict[str, str], limited: dict[str, str]) -> None:
    assert "owner of the database" in refused(limited, "migrate")
    allow = "from django.db import connection; connection.cursor().execute('GRANT ALL ON SCHEMA public TO limited')"
    own = {**limited, "DATABASE_URL": re.sub(r"//limited@", "//gapless@", limited["DATABASE_URL"])}
    assert ended(own, "shell", "-c", allow).returncode == 0
    assert "CREATE EXTENSION pg_trgm" in refused(limited, "migrate")


@pytest.fixture
def lost_database(environ: dict[str, str], transactional_db: None) -> Iterator[Callable[[], None]]:
    """A database of the test's own; called, it is gone."""

    def drop() -> None:
        with patient_cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS lost WITH (FORCE)")

    drop()
    # With all migrations, where the tests have such a one.
    template = connection.settings_dict["TEST"]["TEMPLATE"] or "template0"
    with patient_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE lost TEMPLATE {template}")
    yield drop
    drop()


async def test_a_running_server_logs_why_postgresql_lets_it_in_no_more(
    own_server: Callable[..., Server], lost_database: Callable[[], None]
) -> None:
    name = connection.settings_dict["NAME"]
    url = database_url().replace(f"/{name}?", "/lost?")
    server = own_server(arguments=("serve", "--workers", "1", "--migrate"), DATABASE_URL=url)
    await in_thread(lost_database)

    def told() -> list[str]:
        assert httpx.get(f"{server.url}/readyz", timeout=30).status_code == 503
        return [line for line in server.log.read_text().splitlines() if "PostgreSQL is away" in line]

    assert await expect(lambda: any('database \\"lost\\" does not exist' in line for line in told()))
    assert len(told()) <= 2


# ---- the doctor ----


#: Prints what is wrong, and how long the look took, without Python's own start.
LOOK = """
import time
import django
django.setup()
from chatproject.doctor import examine
began_at = time.monotonic()
print(*[finding.about for finding in examine() if finding.state == "wrong"], time.monotonic() - began_at)
"""


def test_the_doctor_stops_waiting_for_what_is_dead(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        dead = {"DATABASE_URL": f"postgresql://a@127.0.0.1:{port}/a", "REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        command = [sys.executable, "-c", LOOK]
        told = subprocess.run(command, cwd=ROOT, env={**environ, **dead}, capture_output=True, text=True, timeout=60)
    *wrong, took = told.stdout.split()
    assert wrong == ["postgresql"], told.stderr
    assert float(took) < AT_ONCE_SECONDS


def test_the_doctor_calls_a_restricted_account_of_redis_not_wrong(cast: Cast, settings: object, valkey: Valkey) -> None:
    client = valkey.ask()
    client.execute_command(
        "ACL", "SETUSER", "ours", "on", "nopass", "~*", "&*", "+@all", "-@admin", "-@dangerous", "-time"
    )
    settings.REDIS_URL = valkey.url.replace("unix://", "unix://ours:any@")  # type: ignore[attr-defined]
    with pytest.raises(NoPermissionError):
        redis_findings.client_of().info()
    found = [finding for finding in doctor.examine() if finding.about in ("redis", "clocks")]
    assert {finding.state for finding in found} == {"ok"}, found
    assert any("can't be judged" in finding.says for finding in found)


def test_the_doctor_judges_the_disk_of_postgresql(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        folder = cursor.fetchone()[0]
    says = [finding.says for finding in doctor.examine() if finding.about == "disk"]
    assert any(f"GiB free at {folder}; the database has" in line for line in says), says
    found = doctor.postgresql_in_force()
    monkeypatch.setitem(connection.settings_dict, "HOST", "db.example.org")
    monkeypatch.setattr(doctor, "postgresql_in_force", lambda: found)
    says = [finding.says for finding in doctor.examine() if finding.about == "disk"]
    assert any("can't be seen from here" in line for line in says), says
