"""Prepares every command: starts the embedded services, and tells in one sentence what can't work."""

import atexit
import contextlib
import os
import select
import signal
import sys
import threading
import time
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError
from django.db.migrations.exceptions import MigrationSchemaMissing
from redis.exceptions import RedisError

from chatproject import env, reach
from chatproject.embedded import services as embedded
from chatproject.schema import waiting_migrations

#: Commands that touch neither the database nor Redis.
WITHOUT_SERVICES = {
    "help",
    "version",
    "--help",
    "--version",
    "-h",
    "makemigrations",
    "startapp",
    "collectstatic",
    "tables",
    "settings",
}


#: Commands that do this themselves: the doctor examines everything, Django's tests create their database.
LOOKS_ITSELF = {"doctor", "check", "test"}
#: Commands that need a session of their own, for settings, locks or a snapshot: a pooler would give the session to others.
OF_ONE_SESSION = {"migrate", "backup", "restore", "fill"}
#: Commands that live long enough to outlive the keeper of the services.
LONG_LIVED = {"serve", "runserver"}
WATCH_SECONDS = 2
STDOUT = 1
#: Seconds between two checks whether another process still migrates.
MIGRATION_SECONDS = 0.5


class StartError(Exception):
    """The text is one sentence for the operator."""


def prepare(arguments: list[str]) -> None:
    """Starts the services that the command needs, and runs it. Raises StartError with one sentence instead of a traceback.

    If its output is closed (`| head -1`), it ends silently, like by SIGPIPE.
    """
    try:
        _run(arguments)
        print(end="", flush=True)
    except BrokenPipeError:
        if not _is_unread():
            raise
        sys.exit(128 + signal.SIGPIPE)
    finally:
        if _is_unread():
            # The interpreter writes the rest of the output at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)


def _is_unread() -> bool:
    looking = select.poll()
    looking.register(STDOUT, 0)
    return any(found & select.POLLERR for _, found in looking.poll(0))


def _run(arguments: list[str]) -> None:
    command = arguments[1] if len(arguments) > 1 else "help"
    try:
        if needs_services() and command not in WITHOUT_SERVICES:
            data = env.path("GAPLESS_DATA", env.BASE_DIR / ".data")
            embedded.ensure(data)
            atexit.register(embedded.leave, data)
            if command in LONG_LIVED:
                threading.Thread(target=_watch_over, args=[data], daemon=True).start()
        if command not in WITHOUT_SERVICES | LOOKS_ITSELF and "--fd" not in arguments:
            _require_postgresql(of_one_session="--migrate" in arguments or command in OF_ONE_SESSION)
            if command not in LONG_LIVED | {"migrate"}:
                _let_migrate()
        execute_from_command_line(arguments)
    except (env.EnvError, embedded.EmbeddedError, ImproperlyConfigured) as error:
        raise StartError(str(error)) from None
    except (OperationalError, RedisError) as error:
        raise StartError(reach.why_not(error)) from None
    except (ProgrammingError, MigrationSchemaMissing) as error:
        missing = reach.what_is_missing(error)
        if missing:
            raise StartError(f"the database does not permit it: {missing}") from None
        # Most likely a table or column does not exist yet; if all migrations are applied, it is a bug of ours.
        waiting = 0 if command == "migrate" else waiting_migrations()
        if not waiting:
            raise
        reason = f"the database lacks {waiting} migrations ({reach.sentence_of(error)}): run `manage.py migrate` first."
        raise StartError(reason) from None
    except KeyboardInterrupt:
        sys.exit(130)


def _require_postgresql(*, of_one_session: bool) -> None:
    reason = reach.why_not_postgresql(of_one_session=of_one_session)
    if reason:
        raise StartError(reason)


def _let_migrate() -> None:
    # Of a first start beside it, say: what writes between two migrations can stop the second one.
    is_said = False
    while reach.is_being_migrated():
        if not is_said:
            print("gapless: waiting until another process has migrated the database", file=sys.stderr)
            is_said = True
        time.sleep(MIGRATION_SECONDS)


def _watch_over(data: Path) -> None:
    while True:
        time.sleep(WATCH_SECONDS)
        with contextlib.suppress(embedded.EmbeddedError):
            embedded.revive(data)


def needs_services() -> bool:
    """True unless both DATABASE_URL and REDIS_URL say where the services are. Raises EnvError when only one does."""
    given = [name for name in ("DATABASE_URL", "REDIS_URL") if env.text(name, is_secret=True)]
    if len(given) == 1:
        missing = ({"DATABASE_URL", "REDIS_URL"} - set(given)).pop()
        raise env.EnvError(
            f"{given[0]} is set but {missing} is not: set both, or neither to use the embedded services."
        )
    return not given
