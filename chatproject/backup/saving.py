"""Writes a backup while the installation serves: database and files as of one moment."""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psycopg
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from chat.files import storage
from chat.services import read_log_position
from chatproject.backup import programs
from chatproject.backup.archive import DUMP, FILES, FORMAT, MANIFEST, Manifest, Writer
from chatproject.backup.connecting import Own, connect
from delivery.wire.types import time_now

#: Tables that are counted, so that a restore can check that everything is there.
TABLES = ("users", "channels", "channel_members", "messages", "files", "conversations", "audit_log")

Step = Callable[[str], None]


def write_backup(path: Path, *, says: Step) -> Manifest:
    """Writes the backup; replaces a file of this name when the new one is complete. Raises BackupError, OSError."""
    with _snapshot() as (own, snapshot), tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
        dump = Path(folder, DUMP)
        says("the database")
        programs.run(
            "pg_dump", ["--format=custom", f"--snapshot={snapshot}", "--no-owner", "--no-privileges", f"--file={dump}"]
        )
        files = _files(own)
        manifest = _manifest(own, files=len(files))
        with Writer.at(path) as archive:
            raw = msgspec.json.encode(manifest)
            archive.add(MANIFEST, io.BytesIO(raw), len(raw))
            with dump.open("rb") as content:
                archive.add(DUMP, content, dump.stat().st_size)
            says(f"{len(files):,} files")
            for folder_name in files:
                _add_file(archive, folder_name)
    return manifest


@contextlib.contextmanager
def _snapshot() -> Iterator[tuple[Own, str]]:
    """A connection and its snapshot."""
    with connect() as own:
        own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        [(snapshot,)] = own.execute("SELECT pg_export_snapshot()").fetchall()
        yield own, str(snapshot)


def _files(own: Own) -> list[str]:
    return [str(folder) for (folder,) in own.execute("SELECT folder FROM files ORDER BY id").fetchall()]


def _manifest(own: Own, *, files: int) -> Manifest:
    counted = {table: _number(own, f"SELECT count(*) FROM {table}") for table in TABLES}  # noqa: S608 (ours)
    return Manifest(
        format=FORMAT,
        made_at=time_now(),
        epoch=read_log_position().epoch,
        postgresql=programs.server_major(),
        migrations=newest_migrations(),
        rows=counted,
        heads=_number(own, "SELECT COALESCE(sum(head), 0) FROM channels"),
        files=files,
    )


def newest_migrations() -> dict[str, str]:
    applied = sorted(MigrationRecorder(connection).applied_migrations())
    return dict(applied)


def _number(own: Own, query: str) -> int:
    [(found,)] = own.execute(query).fetchall()
    assert found is not None
    return int(str(found))


def _add_file(archive: Writer, folder: str) -> None:
    # Files deleted since the snapshot are missing; the next sweep after a restore deletes their rows.
    with contextlib.suppress(FileNotFoundError):
        for name in sorted(storage.storage().listdir(folder)[1]):
            with storage.get(folder, name) as content:
                archive.add(f"{FILES}{folder}/{name}", content, storage.storage().size(f"{folder}/{name}"))
