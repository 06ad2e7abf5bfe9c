"""A real PostgreSQL and a real Valkey for installations without their own: started with the first process, stopped with the last.

A keeper process (keeper.py) owns both. A process that uses them holds a shared flock on `users.lock`. The kernel drops it however
the process ends, so the keeper knows when it may stop, and no killed process blocks the next start. Knows nothing of Django.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

DATABASE = "gapless"
#: The longest path of a Unix socket, less the name of the socket itself (sun_path is 108 bytes).
SOCKET_FOLDER_BYTES = 80
START_SECONDS = 60
STOP_SECONDS = 20


class EmbeddedError(Exception):
    """The embedded services can't be started; the text is one sentence for the operator."""


@dataclass(frozen=True)
class Services:
    """The addresses of one data folder's services. Unix sockets only: no port can collide, and no other user can connect."""

    data: Path

    @property
    def sockets(self) -> Path:
        inside = self.data / "run"
        if len(str(inside)) <= SOCKET_FOLDER_BYTES:
            return inside
        return Path("/tmp") / f"gapless-{os.getuid()}-{hashlib.sha256(str(self.data).encode()).hexdigest()[:12]}"  # noqa: S108

    @property
    def database_url(self) -> str:
        return f"postgresql://{DATABASE}@/{DATABASE}?host={self.sockets}"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.redis_socket}?db=0"


_held: dict[Path, IO[str]] = {}


def ensure(data: Path) -> Services:
    """Starts both services of this data folder, if needed, and keeps them as long as this process lives. Raises EmbeddedError."""
    services = Services(data)
    if data in _held:
        return services
    _make_folder(data)
    with locked(data / "start.lock", seconds=START_SECONDS):
        _held[data] = open_file(data / "users.lock")
        fcntl.flock(_held[data], fcntl.LOCK_SH)
        if not _is_ready(data):
            _start_keeper(services)
    return services


def leave(data: Path) -> None:
    """Says that this process needs the services no more; returns when they have stopped, if no other process uses them."""
    if data not in _held:
        return
    _held.pop(data).close()
    users = open_file(data / "users.lock")
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        users.close()
    with contextlib.suppress(EmbeddedError), locked(data / "keeper.lock", seconds=STOP_SECONDS):
        pass


def revive(data: Path) -> None:
    """Starts a new keeper if the one of this data folder was killed; cheap while it lives."""
    if data in _held and not _is_ready(data):
        with locked(data / "start.lock", seconds=START_SECONDS):
            if not _is_ready(data):
                _start_keeper(Services(data))


def _make_folder(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o711)
        probe = data / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise EmbeddedError(f"the data folder {data} can't be written ({error.strerror}): set GAPLESS_DATA.") from None


def open_file(path: Path) -> IO[str]:
    """A lock file, made if it is not there. Raises EmbeddedError."""
    try:
        return path.open("a")
    except OSError as error:
        raise EmbeddedError(f"{path} can't be opened ({error.strerror}): whose data folder is it?") from None


@contextlib.contextmanager
def locked(path: Path, *, seconds: float) -> Iterator[None]:
    """Holds the exclusive flock of a file. Raises EmbeddedError when another process holds it for `seconds`."""
    deadline = time.monotonic() + seconds
    with open_file(path) as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"{path} is held by another process for {seconds:.0f} s.") from None
                time.sleep(0.02)
        yield


def _is_ready(data: Path) -> bool:
    try:
        status = json.loads((data / "keeper.json").read_text())
    except (OSError, ValueError):
        return False
    with open_file(data / "keeper.lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return status.get("state") == "ready"
    return False


def _start_keeper(services: Services) -> None:
    data = services.data
    (data / "keeper.json").unlink(missing_ok=True)
    first = not (data / "postgres" / "PG_VERSION").exists()
    print(
        f"gapless: starting PostgreSQL and Valkey in {data}" + (" (the first time)" if first else ""), file=sys.stderr
    )
    with (data / "keeper.log").open("a") as log:
        said_from = log.tell()
        keeper = subprocess.Popen(
            [sys.executable, "-m", "chatproject.embedded.keeper", str(data)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(data):
        if keeper.poll() is not None:
            raise EmbeddedError(_why_not(data))
        if time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL and Valkey did not start within {START_SECONDS} s: see {data}/keeper.log.")
        time.sleep(0.02)
    with (data / "keeper.log").open() as log:
        log.seek(said_from)
        for line in log:
            if "(chmod" in line:
                print(f"gapless: {line.split('keeper: ')[-1].strip()}", file=sys.stderr)


def _why_not(data: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return str(json.loads((data / "keeper.json").read_text())["error"])
    return f"PostgreSQL and Valkey could not be started: see {data}/keeper.log."
