"""A real pgbouncer in front of the tests' PostgreSQL, in transaction mode, with fewer connections than clients ask for."""

import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

import psycopg
from django.db import connection

from chatproject.embedded.keeper import _service_account
from tests.stage.servers import START_SECONDS

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
#: What an operator is told to write; without it pgbouncer refuses us.
IGNORED = (
    "options, synchronous_commit, default_transaction_isolation, statement_timeout, lock_timeout,"
    " idle_in_transaction_session_timeout"
)


class Pgbouncer:
    def __init__(self, folder: Path, *, ignores: str = IGNORED, server_connections: int = 3) -> None:
        """folder: empty, and under a short path: its socket lies there."""
        self._folder = folder
        of = connection.settings_dict
        self.url = f"postgresql://{of['USER']}@/{of['NAME']}?host={folder}&port=6432"
        (folder / "users.txt").write_text(f'"{of["USER"]}" ""\n"console" ""\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={of['HOST']}\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n"
            f"unix_socket_dir = {folder}\nauth_type = trust\nauth_file = {folder}/users.txt\nadmin_users = console\n"
            f"pool_mode = transaction\ndefault_pool_size = {server_connections}\nmax_client_conn = 200\n"
            f"ignore_startup_parameters = {ignores}\nlogfile = {folder}/log\n"
        )

    def __enter__(self) -> "Pgbouncer":
        account = _service_account()
        if account:
            for path in (self._folder, *self._folder.iterdir()):
                shutil.chown(path, account.pw_uid, account.pw_gid)
        self._process = subprocess.Popen(
            [str(PROGRAM), "-q", str(self._folder / "pgbouncer.ini")],
            **({"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}),  # type: ignore[arg-type]
        )
        deadline = time.monotonic() + START_SECONDS
        while not (self._folder / ".s.PGSQL.6432").exists():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def connect_anew(self) -> None:
        """As the operator does at its console, after the role was given other settings."""
        with psycopg.connect(
            f"user=console dbname=pgbouncer host={self._folder} port=6432", autocommit=True
        ) as console:
            console.pgconn.exec_(b"RECONNECT")
