"""Runs PostgreSQL's own programs, of a release that fits the server. They get its address by the environment, so that no password
is in the list of processes."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.db import connection

from chatproject.backup.errors import BackupError
from chatproject.embedded.keeper import postgres_binaries

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
#: libpq's environment variables, by the names of its parameters.
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def server_major() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def run(name: str, arguments: Sequence[str]) -> None:
    """Runs pg_dump, pg_restore or psql on the settings' database. Raises BackupError with the program's last line."""
    program = _program(name, server_major())
    done = subprocess.run(  # noqa: S603 (a program of PostgreSQL, and arguments of ours)
        [program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=_environment(), check=False
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise BackupError(f"{name} ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")


def _program(name: str, major: int) -> str:
    # Older programs refuse a newer server; an older server may not understand the output of newer programs.
    found = {version: path for path in _candidates(name) if (version := _version(path)) is not None}
    fitting = [version for version in sorted(found) if version >= major]
    if not fitting:
        raise BackupError(f"there is no {name} of PostgreSQL {major} or newer here: apt-get install postgresql-client")
    return str(found[fitting[0]])


def _candidates(name: str) -> Iterator[Path]:
    yield from sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if on_path := shutil.which(name):
        yield Path(on_path)
    yield postgres_binaries() / name


def _version(path: Path) -> int | None:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    said = _VERSION.search(done.stdout)
    return int(said[1]) if said else None


def _environment() -> dict[str, str]:
    given: dict[str, Any] = connection.get_connection_params()
    told = {variable: str(given[name]) for name, variable in _VARIABLES.items() if given.get(name)}
    return {**os.environ, **told}
