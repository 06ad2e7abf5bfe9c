"""The production server: uvicorn with our sockets and a drain, and a supervisor for several web processes.

The supervisor holds the listening socket, so a process that dies is replaced without a refused connection.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import uvicorn
from prometheus_client import multiprocess

from chatproject.serving.heads import PatientHttpProtocol
from chatproject.serving.sockets import PeerProtocol
from delivery import node
from delivery.children import die_with_parent

logger = logging.getLogger("gapless.serve")

#: Beyond the drain's own time: what the supervisor waits before it kills.
KILL_AFTER_SECONDS = 2
#: Between the deaths of a process and its replacement, so that one that can't start doesn't spin.
RESPAWN_SECONDS = 1
#: For how long a thread that works on a request keeps the others from running, the loop with all sockets among them. Python's
#: own is ten times as long, and a message needs several turns.
TURN_SECONDS = 0.0005


class ListenError(Exception):
    """The address can't be listened on; the text is one sentence."""


def listen(host: str, port: int, *, names: str = "PORT or HOST") -> socket.socket:
    """A listening socket. Raises ListenError with the reason, and the settings that name it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        # `::` is every address of both families, whatever the machine's default.
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ListenError(f"can't listen on {host}:{port} ({error.strerror}): set {names}.") from None
    listener.listen(2048)
    return listener


class DrainingServer(uvicorn.Server):
    """Stops listening first, then lets the node flush and say goodbye, then closes what is left."""

    def __init__(self, config: uvicorn.Config, *, drain_seconds: int) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            # uvicorn would raise the signal again after a clean end: the exit code would be wrong, and atexit not run.
            self._captured_signals.clear()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Whatever hangs in the drain (a stuck thread, say), the process ends in time.
        last_resort = threading.Timer(self._drain_seconds - 1, os._exit, [1])
        last_resort.daemon = True
        last_resort.start()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        running = node.running()
        if running is not None:
            await running.drain()
        await super().shutdown(sockets=None)


def serve_here(listener: socket.socket, *, drain_seconds: int, frame_bytes: int) -> None:
    """Serves in this process until SIGTERM or SIGINT, then drains."""
    sys.setswitchinterval(TURN_SECONDS)
    config = uvicorn.Config(
        "chatproject.asgi:application",
        loop="uvloop",
        http=PatientHttpProtocol,
        ws=PeerProtocol,
        ws_max_size=frame_bytes,
        # Compressed frames can't be shared by receivers, and cost CPU and memory for each.
        ws_per_message_deflate=False,
        # The node pings and judges silence itself: uvicorn's ping waits for a stuck reader's buffer.
        ws_ping_interval=None,
        lifespan="on",
        # Its own would write lines that are no JSON.
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, drain_seconds // 3),
    )
    with contextlib.suppress(KeyboardInterrupt):
        DrainingServer(config, drain_seconds=drain_seconds).run(sockets=[listener])


class Supervisor:
    """Keeps `count` web processes alive on one socket; passes SIGTERM on and waits for their drain.

    figures: the folder in which they share what they count.
    """

    def __init__(
        self, command: Sequence[str], listener: socket.socket, *, count: int, drain_seconds: int, figures: Path
    ) -> None:
        self._command = [*command, "--fd", str(listener.fileno())]
        self._listener = listener
        self._count = count
        self._drain_seconds = drain_seconds
        self._figures = figures
        self._workers: list[subprocess.Popen[bytes]] = []
        self._stopping = threading.Event()

    def run(self) -> int:
        """Until SIGTERM or SIGINT; returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        self._workers = [self._spawn() for _ in range(self._count)]
        while not self._stopping.wait(0.2):
            for place, worker in enumerate(self._workers):
                if worker.poll() is not None:
                    # What it had open is not open any more; what it counted stays counted.
                    multiprocess.mark_process_dead(worker.pid, str(self._figures))  # type: ignore[no-untyped-call]
                    logger.warning("web process %d ended with %s: starting another", worker.pid, worker.returncode)
                    self._stopping.wait(RESPAWN_SECONDS)
                    if not self._stopping.is_set():
                        self._workers[place] = self._spawn()
        return self._stop()

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            pass_fds=[self._listener.fileno()],
            start_new_session=True,
            # A killed supervisor takes its processes along: they drain on SIGTERM.
            preexec_fn=die_with_parent(signal.SIGTERM),
        )

    def _stop(self) -> int:
        self._listener.close()
        for worker in self._workers:
            with contextlib.suppress(ProcessLookupError):
                worker.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._drain_seconds + KILL_AFTER_SECONDS
        for worker in self._workers:
            try:
                worker.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        return 0


def worker_command() -> list[str]:
    return [sys.executable, sys.argv[0], "serve"]
