"""A PostgreSQL with all migrations: created once for a state of the migrations, and copied for each use.

Knows nothing of Django: it is asked before there are settings.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from chatproject.embedded.keeper import Keeper
from chatproject.embedded.services import Services, locked

ROOT = Path(__file__).resolve().parents[2]
#: Stopped clusters that are copied, never used; there is one at a time.
MADE = ROOT / ".data" / "clusters"
#: Nobody promises these; they end a wait that would not end.
READY_SECONDS, MADE_SECONDS = 30, 300
#: The pages' files of each edition, as the first web process of a checkout has collected them.
COLLECTED = ROOT / ".data" / "collected"
#: What decides how a cluster is made, and what is in its tables once all migrations have run.
DECIDING = (
    "chat/**/migrations/*.py",
    "chat/**/*.sql",
    "chat/models/*.py",
    "chatproject/embedded/keeper.py",
    "requirements.txt",
)
#: In a copy: of which state of the migrations it is.
STATE = "migrated_as"


def lay_migrated(data: Path) -> None:
    """Lays a stopped cluster, in which all migrations have run in the database `gapless`, into a data folder in which nothing runs.

    One that was laid there before stays, if the migrations are still the same. The pages' files that are collected there are
    shared by all folders that were laid.
    """
    data.mkdir(parents=True, exist_ok=True)
    _share_collected(data)
    cluster, copy = data / "postgres", data / "postgres.copy"
    state = _state()
    if _is_of(cluster, state):
        return
    with locked(data / "keeper.lock", seconds=READY_SECONDS):
        for old in (cluster, copy):
            shutil.rmtree(old, ignore_errors=True)
        with _made(state) as made:
            # Moved to its place whole, so that a copy that was killed is none.
            subprocess.run(["cp", "-aT", str(made), str(copy)], check=True)
        copy.rename(cluster)


def _share_collected(data: Path) -> None:
    # To compress them costs two seconds of a processor, more than the start of a web process.
    COLLECTED.mkdir(parents=True, exist_ok=True)
    static = data / "static"
    if not static.is_symlink():
        shutil.rmtree(static, ignore_errors=True)
        static.symlink_to(COLLECTED)


@contextlib.contextmanager
def _made(state: str) -> Iterator[Path]:
    MADE.mkdir(parents=True, exist_ok=True)
    with locked(MADE / "lock", seconds=MADE_SECONDS):
        if not _is_of(MADE / "postgres", state):
            _make(state)
        yield MADE / "postgres"


def _state() -> str:
    files = sorted(path for pattern in DECIDING for path in ROOT.glob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _is_of(cluster: Path, state: str) -> bool:
    marker = cluster / STATE
    return marker.exists() and marker.read_text() == state


def _make(state: str) -> None:
    # Made beside its place and moved there whole.
    draft = MADE / "draft"
    for old in (draft, MADE / "postgres"):
        shutil.rmtree(old, ignore_errors=True)
    draft.mkdir()
    with (MADE / "log").open("w") as log, contextlib.redirect_stderr(log):
        keeper = Keeper(Services(draft))
        keeper._prepare()
        with _running(keeper):
            environ = {**os.environ, "DATABASE_URL": keeper.services.database_url, "REDIS_URL": "redis://127.0.0.1:1"}
            command = [sys.executable, "-W", "ignore", "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, cwd=ROOT, env={**environ, "SECRET_KEY": "x" * 32}, stderr=log, check=True)
    (draft / "postgres" / STATE).write_text(state)
    (draft / "postgres").rename(MADE / "postgres")
    shutil.rmtree(draft)


@contextlib.contextmanager
def _running(keeper: Keeper) -> Iterator[None]:
    # Nothing is lost with it: it is made anew.
    keeper._start("postgres", lambda: [*keeper._postgres(), "-c", "fsync=off"])
    postgres = keeper.running["postgres"]
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not keeper._postgres_is_ready():
            assert time.monotonic() < deadline, f"PostgreSQL does not start: see {MADE}/log"
            time.sleep(0.02)
        yield
    finally:
        postgres.send_signal(signal.SIGINT)
        postgres.wait()


if __name__ == "__main__":
    with _made(_state()):
        pass
