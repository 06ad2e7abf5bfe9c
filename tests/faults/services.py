"""A PostgreSQL and a Valkey of the harness' own, in a folder of their own, that can be hurt: killed, stopped, emptied, restarted.

The programs, their flags and the service account are those of chatproject.embedded.keeper; only nobody watches over them here.
"""

import asyncio
import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis

from chatproject.embedded.keeper import Keeper
from chatproject.embedded.services import Services
from tests.stage.clusters import lay_migrated

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 30


class Service:
    """One server with its children. All signals reach the whole family, as a machine's fault would."""

    def __init__(self, name: str, keeper: Keeper, command: Callable[[], list[str]]) -> None:
        self.name = name
        self._keeper = keeper
        self._command = command

    @property
    def process(self) -> subprocess.Popen[bytes]:
        return self._keeper.running[self.name]

    def launch(self) -> None:
        """Starts the program; it takes a moment until it answers (`ready`)."""
        self._keeper._start(self.name, self._command)

    async def start(self) -> None:
        """Starts the program and returns when it answers. Raises TimeoutError."""
        self.launch()
        await self.ready()

    async def ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not await asyncio.to_thread(self.answers):
            if self.process.poll() is not None:
                # What was killed may leave children behind that hold on to its memory for a moment.
                self.launch()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} does not answer")
            await asyncio.sleep(0.05)

    def answers(self) -> bool:
        raise NotImplementedError

    def kill(self) -> None:
        """SIGKILL for the whole family."""
        self._send_to_all(signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        self._send_to_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send_to_all(signal.SIGCONT)

    async def end(self, number: int) -> None:
        """Sends the signal that asks for an end, and returns at the end."""
        self.process.send_signal(number)
        while self.process.poll() is None:
            await asyncio.sleep(0.02)

    def _send_to_all(self, number: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.process.pid)
            for process in [parent, *parent.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)


class Postgres(Service):
    #: How PostgreSQL is asked to end: fast rolls back and disconnects, immediate crashes and recovers at the next start.
    FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT

    def __init__(self, keeper: Keeper) -> None:
        super().__init__("postgres", keeper, keeper._postgres)
        self.socket = keeper.services.sockets / ".s.PGSQL.5432"
        self.url = keeper.services.database_url

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.Error), self.connect() as connection:
            connection.execute("SELECT 1")
            return True
        return False

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A connection past all proxies, in autocommit."""
        return psycopg.connect(self.url, autocommit=True, connect_timeout=5, **options)

    def run(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """One statement past all proxies; its rows, if it has any."""
        with self.connect() as connection:
            cursor = connection.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def cut_backends(self) -> int:
        """pg_terminate_backend for every connection of the web processes; returns how many."""
        return len(
            self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gapless'")
        )


class Valkey(Service):
    def __init__(self, keeper: Keeper) -> None:
        super().__init__("valkey", keeper, keeper._valkey)
        self.socket = keeper.services.redis_socket
        self.url = keeper.services.redis_url

    def answers(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(self.client().ping())
        return False

    def client(self) -> Any:
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2)

    def flush(self) -> None:
        self.client().flushall()

    def forget(self) -> None:
        """Throws away the snapshot, so that the next start is an empty one."""
        for file in (self._keeper.data / "valkey").glob("*"):
            file.unlink()


class OwnServices:
    """Both services in a new temporary folder, all migrations run; `close` ends them and removes the folder."""

    def __init__(self) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="gapless-faults-"))
        lay_migrated(self.data)
        keeper = Keeper(Services(self.data))
        with (self.data / "keeper.log").open("w") as log, contextlib.redirect_stderr(log):
            keeper._prepare()
        self.postgres = Postgres(keeper)
        self.valkey = Valkey(keeper)

    async def start(self) -> None:
        self.postgres.launch()
        self.valkey.launch()
        await asyncio.gather(self.postgres.ready(), self.valkey.ready())

    def close(self) -> None:
        for service in (self.postgres, self.valkey):
            with contextlib.suppress(KeyError):
                service.kill()
        shutil.rmtree(self.data, ignore_errors=True)
