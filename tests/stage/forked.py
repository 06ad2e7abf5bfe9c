"""Processes of the product that are forked from one that has loaded their libraries (tests.stage.libraries).

Half of what a start takes is reading libraries, and the tests start more than a hundred. What is ours is read by each anew.
"""

import atexit
import contextlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from delivery.children import die_with_parent

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.stage.libraries"])


class Forked:
    """As much of subprocess.Popen as is asked of a web process."""

    def __init__(
        self, arguments: Sequence[str], *, cwd: Path, env: dict[str, str], output: Path, errors: Path | None = None
    ) -> None:
        """`arguments` as Python's own: a file, or "-m" and a module, and what follows it. Files are appended to."""
        said = (output, errors or output)
        self._process = _context.Process(target=_become, args=(list(arguments), cwd, env, said), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return self.returncode

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


def _become(arguments: list[str], cwd: Path, env: dict[str, str], said: tuple[Path, Path]) -> None:
    die_with_parent(signal.SIGKILL)()
    for stream, path in zip((sys.stdout, sys.stderr), said, strict=True):
        with path.open("ab") as file:
            os.dup2(file.fileno(), stream.fileno())
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(arguments[0], run_name="__main__")
    finally:
        # multiprocessing ends without them.
        atexit._run_exitfuncs()
