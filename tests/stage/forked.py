"""Processes of the product that are forked from one that has loaded their libraries (tests.stage.libraries), or even what is ours.

The tests start some hundreds. Of a start, half is to load libraries and most of the rest to load what is ours: when processes of
one environment start again and again, that is done once for them (tests.stage.loaded).
"""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.stage.forking import NUMBER

ROOT = Path(__file__).resolve().parents[2]
#: What is each process' own.
OWN = {"PORT"}

Services = tuple[str | None, str | None]


class Forked:
    """As much of subprocess.Popen as is asked of a web process."""

    def __init__(
        self, arguments: Sequence[str], *, cwd: Path, env: dict[str, str], output: Path, errors: Path | None = None
    ) -> None:
        """`arguments` as Python's own: a file, or "-m" and a module, and what follows it. Files are appended to."""
        # pytest's own word, another for each test.
        environ = {name: value for name, value in env.items() if name != "PYTEST_CURRENT_TEST"}
        request = {"arguments": list(arguments), "cwd": str(cwd), "env": environ}
        request |= {"output": str(output), "errors": str(errors or output)}
        self.pid, self._hears = _starts.fork(request)
        self._close = weakref.finalize(self, os.close, self._hears)
        self._hearing = threading.Lock()
        self._returncode: int | None = None

    @property
    def returncode(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._returncode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        with self._hearing:
            if self._returncode is None:
                waiting = select.poll()
                waiting.register(self._hears, select.POLLIN)
                if not waiting.poll(None if timeout is None else timeout * 1000):
                    assert timeout is not None
                    raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
                self._returncode = _number(self._hears)
                self._close()
            return self._returncode

    def send_signal(self, number: int) -> None:
        # Another process is its parent: it may have gone before that is known here.
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def ended(*arguments: str, cwd: Path, env: dict[str, str], timeout: float = 60) -> "subprocess.CompletedProcess[str]":
    """What became of a command, and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder) / "output", Path(folder) / "errors"
        code = Forked(arguments, cwd=cwd, env=env, output=output, errors=errors).wait(timeout)
        return subprocess.CompletedProcess(arguments, code, output.read_text(), errors.read_text())


class _Forking:
    """A process that forks others (tests.stage.forking). `start` gets the socket that is its standard input."""

    def __init__(self, start: Callable[[socket.socket], object]) -> None:
        self._asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with asked:
            self.process = start(asked)

    def fork(self, request: dict[str, Any], *passed: int) -> tuple[int, int] | None:
        """The fork's process id, and the pipe on which its end is told; None if it may not begin here."""
        hears, told = os.pipe()
        pid = 0
        # With some settings nothing can be loaded: what is forked with the libraries says why.
        with contextlib.suppress(ConnectionError, EOFError):
            try:
                socket.send_fds(self._asking, [json.dumps(request).encode()], [told, *passed])
            finally:
                os.close(told)
            pid = _number(hears)
        if pid:
            return pid, hears
        os.close(hears)
        return None

    def end(self) -> None:
        """With all that it has forked."""
        self._asking.close()


class _Starts:
    """Where a process is forked from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._libraries: _Forking | None = None
        #: With the product loaded, by the services that it knows.
        self._loaded: dict[Services, list[_Forking]] = defaultdict(list)
        self._seen: set[frozenset[tuple[str, str]]] = set()

    def fork(self, request: dict[str, Any]) -> tuple[int, int]:
        with self._lock:
            forked = self._fork_loaded(request) if request["arguments"][0] == "manage.py" else None
            forked = forked or self._with_libraries().fork(request)
        assert forked is not None
        return forked

    def _fork_loaded(self, request: dict[str, Any]) -> tuple[int, int] | None:
        environ = request["env"]
        loaded = self._loaded[environ.get("DATABASE_URL"), environ.get("REDIS_URL")]
        for forking in loaded:
            if forked := forking.fork(request):
                return forked
        kind = frozenset((name, value) for name, value in environ.items() if name not in OWN)
        if kind not in self._seen:
            self._seen.add(kind)
            return None
        loaded.append(self._load(environ))
        return loaded[-1].fork(request)

    def _load(self, environ: dict[str, str]) -> _Forking:
        log = str(ROOT / ".data" / "test" / "loaded.log")
        request = {"arguments": ["-m", "tests.stage.loaded"], "cwd": str(ROOT), "env": environ}
        request |= {"output": log, "errors": log}
        return _Forking(lambda asked: self._with_libraries().fork(request, asked.fileno()))

    def _with_libraries(self) -> _Forking:
        if self._libraries is None:
            command = [sys.executable, "-m", "tests.stage.libraries"]
            self._libraries = _Forking(lambda asked: subprocess.Popen(command, cwd=ROOT, stdin=asked))
            atexit.register(self._libraries.end)
        return self._libraries


def _number(hears: int) -> int:
    told = os.read(hears, NUMBER.size)
    if not told:
        raise EOFError
    return int(NUMBER.unpack(told)[0])


_starts = _Starts()
