"""A web process, as its parent sees it: started on the parent's socket, heard that it serves and lives, and told to leave."""

import contextlib
import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from chatproject import env
from chatproject.serving import log_level
from chatproject.serving.metrics_server import SHARED_FOLDER
from delivery.children import die_with_parent

logger = logging.getLogger("gapless.serve")

#: The longest time from the start of a web process until it serves, on a busy machine.
START_SECONDS = 60
#: The byte that a process writes when it serves, and then every second.
UP, ALIVE = b"up", b"."
#: More bytes than it writes while its parent stands still for a long time.
_HEARD_BYTES = 65_536


class Worker:
    """Must be made by the main thread: the kernel ends the process with the thread that started it."""

    def __init__(self, command: Sequence[str], listener: socket.socket) -> None:
        """`command` gets the descriptors of its socket (`--fd`) and of the pipe for its signs of life (`--up`)."""
        self._heard, tells = os.pipe()
        os.set_blocking(self._heard, False)
        self._started_at = time.monotonic()
        self._has_come_up = self._was_heard = False
        self._end_at: float | None = None
        given = [listener.fileno(), tells]
        with log_level.signals_blocked():
            self._process = subprocess.Popen(
                [*command, "--fd", str(given[0]), "--up", str(given[1])],
                env=_environment(),
                pass_fds=given,
                start_new_session=True,
                # If the parent is killed, its processes get SIGTERM and drain.
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        os.close(tells)
        if log_level.is_debug():
            self.tell(log_level.EVERYTHING)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended_with(self) -> int | None:
        """The exit code; None while the process runs."""
        return self._process.poll()

    @property
    def has_come_up(self) -> bool:
        self._hear()
        return self._has_come_up

    def has_been_heard(self) -> bool:
        """Whether its event loop has taken a turn since the last call."""
        self._hear()
        was_heard, self._was_heard = self._was_heard, False
        return was_heard

    @property
    def why_not_up(self) -> str | None:
        """Why it will never serve; None while it still may."""
        if self.ended_with is not None:
            return f"it ended with {self.ended_with}"
        if time.monotonic() > self._started_at + START_SECONDS:
            return f"it did not serve within {START_SECONDS} s"
        return None

    def tell(self, number: signal.Signals) -> None:
        """Sends a signal; does nothing if the process has ended."""
        self._process.send_signal(number)

    def leave(self, number: signal.Signals, *, within: float) -> None:
        """Tells it to leave. SIGTERM: the service ends. SIGHUP: others take its sockets. It is killed after `within` seconds."""
        self._end_at = time.monotonic() + within
        self._process.send_signal(number)

    def has_left(self) -> bool:
        """Whether it has ended; kills it when its time is over."""
        if self.ended_with is None and self._end_at is not None and time.monotonic() > self._end_at:
            logger.error("web process %d does not end in its time: it is killed", self.pid)
            self._end_at = None
            self._process.kill()
        return self.ended_with is not None

    def kill(self) -> None:
        self._process.kill()

    def forget(self) -> None:
        """Frees its resources; kills it if it runs."""
        self._process.kill()
        self._process.wait()
        os.close(self._heard)

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if os.read(self._heard, _HEARD_BYTES):
                self._has_come_up = self._was_heard = True


def command() -> list[str]:
    """The command of a web process: the same names as ours, so that they lead to newer code after a deploy."""
    return [sys.executable, sys.argv[0], "serve"]


def successor_command() -> list[str]:
    """The same for a successor, which serves only if all is well; otherwise the old process stays."""
    return [*command(), "--successor"]


def tell_parent(descriptor: int, said: bytes) -> None:
    """Sends a sign of life, in the web process; does nothing if the parent is gone or does not read."""
    os.set_blocking(descriptor, False)
    with contextlib.suppress(OSError):
        os.write(descriptor, said)


def terminal_is_gone() -> bool:
    """Whether a SIGHUP means that our terminal was closed, not that we should be replaced."""
    try:
        os.tcgetpgrp(0)
    except OSError as error:
        return error.errno == errno.EIO
    return False


def _environment() -> dict[str, str]:
    # As we were given it: what our `.env` added is read anew from the file.
    shared = {name: os.environ[name] for name in (SHARED_FOLDER,) if name in os.environ}
    return {**env.GIVEN, **shared}
