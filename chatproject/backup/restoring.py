"""Restores a backup: the database in one transaction, so that the old data stays until all of it is replaced."""

import contextlib
import itertools
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

from chat.files import storage
from chat.services import begin_epoch
from chat.services.counts import wrong_counts
from chat.services.machines import forget_machines
from chatproject.backup import programs
from chatproject.backup.archive import DUMP, FILES, Manifest, Reader
from chatproject.backup.connecting import connect
from chatproject.backup.errors import BackupError, Differs
from chatproject.backup.saving import TABLES, Step
from chatproject.postgresql.base import DatabaseWrapper

#: How long closed connections may take to disappear.
GOING_SECONDS = 3.0
#: Settings by the first release of PostgreSQL that knows them; and the lines of a script with settings.
TRANSACTION_TIMEOUT_SINCE, HEAD_LINES = 17, 40
#: chat/files' names: a folder in a folder, and a file in it.
_PLACE = re.compile(r"files/(\w+/[\w-]+)/([\w-]+)\Z", re.ASCII)
#: Dropping the schema deletes everything, from any release.
_EMPTY = "DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n"


def restore(path: Path, *, says: Step) -> Manifest:
    """Restores database and files, and begins a new epoch. Raises BackupError before the database is changed, else Differs.

    Refused while other programs use the database, because their writes would be lost. Repeating it after any failure is safe.
    """
    says("the archive, byte by byte")
    archive = Reader(path)
    manifest = archive.check()
    _require_known(manifest)
    _require_alone()
    _require_storage()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".restore-") as folder:
        says(f"{manifest.files:,} files")
        with _gone_unless_replaced() as new:
            dump = _unpack(archive, Path(folder), new=new)
            says("the database")
            _replace_database(dump, Path(folder))
    _let_go()
    call_command("migrate", verbosity=0)
    _forget_other_files()
    forget_machines()
    begin_epoch()
    says("what is there now")
    _require_all(manifest)
    return manifest


def _require_known(manifest: Manifest) -> None:
    known = MigrationLoader(None).disk_migrations
    unknown = sorted(f"{app}.{name}" for app, name in manifest.migrations.items() if (app, name) not in known)
    if unknown:
        raise BackupError(f"the backup is of a newer release: this one does not know the migration {unknown[0]}")


def _require_alone() -> None:
    _let_go()
    until = time.monotonic() + GOING_SECONDS
    while others := _others():
        # Our own connections may have been closed just now and still be there.
        if time.monotonic() > until:
            raise BackupError(f"the database is in use ({', '.join(dict.fromkeys(others))}): stop what serves first")
        time.sleep(0.1)


def _require_storage() -> None:
    # Before the database is replaced: afterwards the storage is asked for files that are no longer wanted.
    with contextlib.suppress(FileNotFoundError):
        storage.storage().listdir("")


def _others() -> list[str]:
    """The names of the other programs that are connected to the database."""
    with connect() as own:
        found = own.execute(
            "SELECT COALESCE(NULLIF(application_name, ''), 'unnamed') FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return [str(name) for (name,) in found.fetchall()]


def _let_go() -> None:
    """Closes every connection, the pool's too: their prepared statements use the tables that are dropped."""
    connections.close_all()
    cast(DatabaseWrapper, connection).close_pool()


@contextlib.contextmanager
def _gone_unless_replaced() -> Iterator[list[str]]:
    """If the block fails, deletes the file folders that it has added to the storage: no row names them then."""
    new: list[str] = []
    try:
        yield new
    except BaseException:
        for place in new:
            storage.delete_folder(place)
        raise


def _unpack(archive: Reader, folder: Path, *, new: list[str]) -> Path:
    """Unpacks the files into the storage, noting new folders, and the dump into `folder`."""
    dump = folder / DUMP
    for name, content, _ in archive.members():
        if name == DUMP:
            with dump.open("wb") as copy:
                while chunk := content.read(1 << 20):
                    copy.write(chunk)
        elif name.startswith(FILES):
            place = _PLACE.match(name)
            if place is None:
                raise BackupError(f"the backup has a file at {name!r}, where none can be")
            if not storage.exists(place[1]):
                new.append(place[1])
            storage.put(place[1], place[2], content)
    return dump


def _replace_database(dump: Path, folder: Path) -> None:
    # As text, which is whole before the first of it is executed: a dump that ends early must not be half of a transaction.
    script, empty = folder / "restore.sql", folder / "empty.sql"
    programs.run("pg_restore", ["--no-owner", "--no-privileges", f"--file={script}", str(dump)])
    if programs.server_major() < TRANSACTION_TIMEOUT_SINCE:
        script = _without_newer_settings(script)
    empty.write_text(_EMPTY)
    quietly = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"]
    programs.run("psql", [*quietly, f"--file={empty}", f"--file={script}"])


def _without_newer_settings(script: Path) -> Path:
    # pg_restore sets at its top what the server of its own release knows, whichever one it writes for.
    kept = script.with_name("kept.sql")
    with script.open("rb") as lines, kept.open("wb") as copy:
        for line in itertools.islice(lines, HEAD_LINES):
            if not line.startswith(b"SET transaction_timeout "):
                copy.write(line)
        shutil.copyfileobj(lines, copy)
    script.unlink()
    return kept


def _forget_other_files() -> None:
    """Deletes files in the storage that belong to no row of the backup."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT folder FROM files")
        known = {folder for (folder,) in cursor.fetchall()}
    with contextlib.suppress(FileNotFoundError):
        for shelf in storage.storage().listdir("")[0]:
            for folder in storage.storage().listdir(shelf)[0]:
                if f"{shelf}/{folder}" not in known:
                    storage.delete_folder(f"{shelf}/{folder}")


def _require_all(manifest: Manifest) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 (ours)
            [found] = cursor.fetchone()
            if found != manifest.rows[table]:
                raise Differs(f"{table} has {found:,} rows, and had {manifest.rows[table]:,}")
        cursor.execute("SELECT COALESCE(sum(head), 0) FROM channels")
        [heads] = cursor.fetchone()
    if heads != manifest.heads:
        raise Differs(f"the channels' numbers add up to {heads:,}, and did to {manifest.heads:,}")
    if wrong := wrong_counts():
        raise Differs(f"channel {wrong[0].channel} says {wrong[0].said} members, and has {wrong[0].true}")
