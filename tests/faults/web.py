"""One real web process behind proxies: started, hurt, ended, and started again as something else."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

from chatproject.embedded.services import DATABASE
from delivery.children import die_with_parent
from tests.faults import moved
from tests.faults.proxy import Proxy
from tests.faults.proxy_thread import ProxyThread
from tests.faults.services import ROOT, OwnServices
from tests.stage.forked import Forked
from tests.stage.ports import free_port

START_SECONDS = 90
KEY, NEXT_KEY = "the-key-of-the-faults-is-long-enough", "the-next-key-of-the-faults-is-long-enough"
STOP_SECONDS = 35


class Web:
    """One `manage.py serve --workers 1`. Its links: `doors` (clients to it), `database` and `redis` (it to its services)."""

    def __init__(
        self, name: str, services: OwnServices, thread: ProxyThread, environ: dict[str, str], *, seed: int
    ) -> None:
        self.name = name
        self.own_port = free_port()
        self.front = Proxy(thread, ("127.0.0.1", self.own_port), name=f"{name} front", seed=seed)
        self.database = Proxy(thread, services.postgres.socket, name=f"{name} database", seed=seed)
        self.redis = Proxy(thread, services.valkey.socket, name=f"{name} redis", seed=seed)
        self.log = services.data / f"{name}.log"
        self.process: subprocess.Popen[bytes] | Forked | None = None
        #: The broken build that is started, if any (tests.faults.broken).
        self.broken = ""
        #: What the next start finds in its environment, beside what all find.
        self.variables: dict[str, str] = {}
        #: Says by how much the process' clock is wrong (tests.faults.moved); None: it has the machine's.
        self.clock: Path | None = None
        #: Whether the next start writes the number of its tasks to `tasks` (tests.faults.counted).
        self.is_counted = False
        self.tasks = self.log.with_suffix(".tasks")
        self._environ = environ

    @property
    def port(self) -> int:
        """Where clients knock."""
        return self.front.port

    @property
    def proxies(self) -> tuple[Proxy, Proxy, Proxy]:
        return self.front, self.database, self.redis

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def launch(self) -> None:
        """Starts the process; `ready` says when it is there."""
        is_changed = self.broken or self.clock or self.is_counted
        module = ["-m", "tests.faults.broken"] if is_changed else ["manage.py"]
        self.front.interruptions.set("stopped", is_under_way=False)
        variables = {
            "PORT": str(self.own_port),
            "DATABASE_URL": f"postgresql://{DATABASE}@127.0.0.1:{self.database.port}/{DATABASE}?sslmode=disable&gssencmode=disable",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}/0",
            "GAPLESS_BROKEN": self.broken,
            "GAPLESS_CLOCK": str(self.clock or ""),
            "GAPLESS_TASKS": str(self.tasks) if self.is_counted else "",
            **self.variables,
        }
        command, env = [*module, "serve", "--workers", "1"], {**self._environ, **variables}
        if not self.clock:
            self.process = Forked(command, cwd=ROOT, env=env, output=self.log)
            return
        # The clock is moved before any library is loaded, which may keep it.
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", *command],
                cwd=ROOT, env=env, stdout=log, stderr=log, preexec_fn=die_with_parent(signal.SIGKILL),
            )  # fmt: skip

    async def start(self) -> None:
        self.launch()
        await self.ready()

    async def ready(self) -> None:
        """Returns when the process takes sockets. Raises AssertionError with its log.

        Without PostgreSQL a start ends at once with exit code 1: then it is started again, as a supervisor would.
        """
        deadline = time.monotonic() + START_SECONDS
        while not await self.answers():
            assert time.monotonic() < deadline, f"{self.name} does not start: {self.log.read_text()[-2000:]}"
            if not self.is_running:
                self.launch()
            await asyncio.sleep(0.05)

    async def answers(self) -> bool:
        """Whether /healthz says so, past the proxy."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.own_port)
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = await reader.read(15)
                writer.close()
                return answer.startswith(b"HTTP/1.1 200")
        return False

    def move_clock(self, seconds: float) -> None:
        """The process' clock is wrong by so much from now on, or from its next start, if it has the machine's clock now."""
        self.clock = self.clock or self.log.with_suffix(".clock")
        moved.move(self.clock, seconds)

    def unheard_seconds(self, moment: float) -> float:
        """See `Door`: its link to the clients was stalled, or the process stood still."""
        return self.front.interruptions.seconds_since(moment)

    def send(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        if number in (signal.SIGSTOP, signal.SIGCONT):
            self.front.interruptions.set("stopped", is_under_way=number == signal.SIGSTOP)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    async def terminate(self) -> int:
        """SIGTERM, and the exit code; -9 when it had to be killed after all."""
        self.send(signal.SIGTERM)
        assert self.process is not None
        deadline = time.monotonic() + STOP_SECONDS
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                self.kill()
            await asyncio.sleep(0.02)
        return int(self.process.returncode)
