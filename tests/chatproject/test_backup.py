"""A backup while it serves, and putting it back: all of it, or a sentence and nothing touched."""

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from chat.models import Channel, Message
from chat.services.machines import note_machine
from chatproject.backup import restoring
from chatproject.backup.archive import DUMP, MANIFEST, Manifest, Reader, Writer
from tests.conftest import Cast, said
from tests.stage.commands import run
from tests.stage.ports import free_port
from tests.stage.servers import ROOT, Server, database_url, patient_cursor

BYTES = b"a plan, in bytes of no kind" * 1_000


@pytest.fixture
def elsewhere(server: Server, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Another installation with an empty database, and a folder for its files in which something lies."""
    name = connection.settings_dict["NAME"]
    with patient_cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS elsewhere WITH (FORCE)")
        cursor.execute("CREATE DATABASE elsewhere TEMPLATE template0")
    older = tmp_path / "files" / "ab" / "abandoned"
    older.mkdir(parents=True)
    (older / "whole").write_bytes(b"of what was there before")
    url = database_url().replace(f"/{name}?", "/elsewhere?")
    yield {**server.environ(), "DATABASE_URL": url, "FILES_URL": f"file://{tmp_path}/files"}
    with patient_cursor() as cursor:
        cursor.execute("DROP DATABASE elsewhere WITH (FORCE)")


def manage(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


def made_beside(write: Callable[[], object], path: Path) -> Any:
    """The backup's answer, while this is written again and again."""
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            write()

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        return run("backup", str(path))
    finally:
        stop.set()
        writer.join()


def test_a_backup_made_while_it_serves_is_put_back_whole(
    server: Server, cast: Cast, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "gapless.backup"
    note_machine("the one of before:8000", keys=["another key"], version="1.0.0")
    with server.http(cast.token(cast.bob)) as bob:
        file = bob.post("/files/", files={"file": ("plan.bin", BYTES, "application/octet-stream")}).json()["id"]
        post(bob, cast.team, "with a file", files=[file])
        made = made_beside(lambda: post(bob, cast.team, "while it is copied"), path)
    post_count = Message.objects.filter(channel=cast.team).count()
    assert path.stat().st_mode & 0o077 == 0
    assert (made["files"], made["rows"]["users"]) == (1, 5)

    refused = manage({**elsewhere, "DATABASE_URL": database_url()}, "restore", str(path), "--yes")
    assert (refused.returncode, "in use" in refused.stderr) == (1, True), refused.stderr
    assert Message.objects.filter(channel=cast.team).count() == post_count

    done = manage(elsewhere, "restore", str(path), "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == made["rows"]
    with psycopg.connect(elsewhere["DATABASE_URL"]) as there:
        rows = there.execute("SELECT seq FROM messages WHERE channel_id = %s ORDER BY seq", [cast.team.pk]).fetchall()
        [(head,)] = there.execute("SELECT head FROM channels WHERE id = %s", [cast.team.pk]).fetchall()
        [(folder,)] = there.execute("SELECT folder FROM files").fetchall()
        [(theirs,)] = there.execute("SELECT nonce FROM epochs").fetchall()
        assert there.execute("SELECT * FROM machines").fetchall() == [], "nothing serves there"
    assert [seq for (seq,) in rows] == list(range(1, head + 1))
    assert 0 < len(rows) <= post_count
    with connection.cursor() as cursor:
        cursor.execute("SELECT nonce FROM epochs")
        assert cursor.fetchone() != (theirs,)
    files = tmp_path / "files"
    assert (files / folder / "whole").read_bytes() == BYTES
    assert not (files / "ab" / "abandoned").exists()


def post(client: httpx.Client, channel: Channel, body: str, **fields: object) -> None:
    answer = client.post(
        f"/channels/{channel.pk}/messages/", json={"client_msg_id": str(uuid.uuid4()), "body": body, **fields}
    )
    assert answer.status_code == 201, answer.text


@pytest.fixture
def backup(cast: Cast, transactional_db: None, tmp_path: Path) -> Path:
    said(cast.bob, cast.team, "kept")
    path = tmp_path / "gapless.backup"
    run("backup", str(path))
    return path


def test_what_is_no_whole_backup_is_refused_and_nothing_is_touched(backup: Path, cast: Cast, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    manifest = Reader(backup).check()
    newer = {**manifest.migrations, "chat": "9999_from_the_future"}
    broken = {
        "damaged": whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :],
        "cut off": whole[: len(whole) // 2],
        "backup": b"no archive at all",
        "newer release": rewritten(tmp_path, msgspec.structs.replace(manifest, migrations=newer)),
        "format 2": rewritten(tmp_path, msgspec.structs.replace(manifest, format=2)),
    }
    for words, raw in broken.items():
        backup.write_bytes(raw)
        with pytest.raises(CommandError, match=rf"(?s)not restored: .*({words}|can't be read)"):
            call_command("restore", str(backup), "--yes", stderr=None)
    with pytest.raises(CommandError, match="say --yes"):
        call_command("restore", str(backup))
    assert Message.objects.filter(body="kept").exists()


def rewritten(folder: Path, manifest: Manifest) -> bytes:
    """An archive that is whole in itself, with this manifest."""
    path = folder / "rewritten"
    with Writer.at(path) as archive:
        for name, raw in ((MANIFEST, msgspec.json.encode(manifest)), (DUMP, b"no dump")):
            kept = folder / "member"
            kept.write_bytes(raw)
            with kept.open("rb") as content:
                archive.add(name, content, len(raw))
    return path.read_bytes()


def test_a_storage_that_does_not_answer_is_said_before_the_database_is_replaced(
    backup: Path, elsewhere: dict[str, str]
) -> None:
    away = f"s3+http://key:secret@127.0.0.1:{free_port()}/bucket"
    done = manage({**elsewhere, "FILES_URL": away}, "restore", str(backup), "--yes")
    assert done.returncode == 1
    assert "not restored: the storage of files does not answer: Could not connect" in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    with psycopg.connect(elsewhere["DATABASE_URL"]) as there:
        assert there.execute("SELECT to_regclass('messages')").fetchone() == (None,)


def test_a_backup_that_fails_leaves_the_one_before(backup: Path, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    before = backup.read_bytes()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("chatproject.backup.programs._candidates", lambda name: iter(()))
    with pytest.raises(CommandError, match="no backup was made: there is no pg_dump"):
        call_command("backup", str(backup), stderr=None)
    assert backup.read_bytes() == before
    assert sorted(path.name for path in backup.parent.iterdir() if path.name.startswith(".")) == []


@pytest.mark.fast
def test_what_an_older_server_does_not_know_is_not_set_there(tmp_path: Path) -> None:
    # As pg_restore of PostgreSQL 18 writes it, also for a server of PostgreSQL 15; what people said is left alone.
    script = tmp_path / "restore.sql"
    said = "".join(f"{n}\ta line\n" for n in range(restoring.HEAD_LINES)) + "SET transaction_timeout = 0;\n"
    script.write_text(f"SET lock_timeout = 0;\nSET transaction_timeout = 0;\nCOPY notes FROM stdin;\n{said}")
    kept = restoring._without_newer_settings(script)
    assert kept.read_text() == f"SET lock_timeout = 0;\nCOPY notes FROM stdin;\n{said}"
