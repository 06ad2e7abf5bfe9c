"""Real web processes over the test database, each on a port of its own."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.db import connection

from tests.stage.forked import Forked
from tests.stage.listening import Listening
from tests.stage.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
#: Nobody promises these two; they end a wait that would not end, also on a machine that is busy with other things.
START_SECONDS = 180
EXPECT_SECONDS = 30.0


@contextlib.contextmanager
def patient_cursor() -> Iterator[Any]:
    """A cursor whose statements have the time that they need: making and dropping a database waits for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        try:
            yield cursor
        finally:
            cursor.execute("RESET statement_timeout")


def database_url() -> str:
    of = connection.settings_dict
    password = f":{of['PASSWORD']}" if of["PASSWORD"] else ""
    port = f"&port={of['PORT']}" if of["PORT"] else ""
    return f"postgresql://{of['USER']}{password}@/{of['NAME']}?host={of['HOST']}{port}"


class Server:
    """One `manage.py serve` (or another command) with its own port."""

    def __init__(
        self,
        *,
        arguments: tuple[str, ...] = ("serve", "--workers", "1"),
        port: int = 0,
        is_forked: bool = True,
        **environment: str,
    ) -> None:
        """`is_forked`: its libraries are loaded already; else it starts as an operator starts it."""
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self.ws = f"ws://localhost:{self.port}/ws/"
        self.log = ROOT / ".data" / "test" / f"server-{self.port}.log"
        # What one of a run that was killed has left there.
        self.log.unlink(missing_ok=True)
        self._arguments = arguments
        self._is_forked = is_forked
        self._environment = environment
        self.process: subprocess.Popen[bytes] | Forked | None = None

    def environ(self) -> dict[str, str]:
        return {
            **os.environ,
            "PORT": str(self.port),
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "WEB_WORKERS": "1",
            **self._environment,
        }

    def start(self) -> "Server":
        return self.launch().wait_until_alive()

    def launch(self) -> "Server":
        """Begins to start: several do so at the same time."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = ["manage.py", *self._arguments]
        if self._is_forked:
            self.process = Forked(command, cwd=ROOT, env=self.environ(), output=self.log)
            return self
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=self.environ(), stdout=log, stderr=log
            )
        return self

    def wait_until_alive(self) -> "Server":
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200:
                    return self
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        said = self.log.read_text()
        self.stop()
        raise AssertionError(f"the server did not start: {said}")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.begin_to_stop()
        return self.wait_until_stopped()

    def begin_to_stop(self) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait_until_stopped(self) -> int:
        assert self.process is not None
        try:
            return self.process.wait(35)
        finally:
            self.log.unlink(missing_ok=True)

    def connect(self, token: str, *, heads: dict[int, int] | None = None) -> Listening:
        return Listening(self.ws, token=token, heads={} if heads is None else heads)

    def http(self, token: str) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, trust_env=False
        )


async def expect(condition: Any, *, within: float = EXPECT_SECONDS) -> Any:
    """Waits until `condition()` (maybe a coroutine) is true, and returns what it gave; fails after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {within} s: {found!r}"
        await asyncio.sleep(0.01)
