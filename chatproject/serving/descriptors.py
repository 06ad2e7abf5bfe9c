"""File descriptors: raises the limit, keeps a few for what every request needs, and logs when they run out."""

import errno
import logging
import os
import resource
import time

from chatproject.serving.measuring import files_exhausted_seconds

logger = logging.getLogger("gapless.descriptors")

#: Descriptors that are kept for the needs of every request: the database pool, Redis, logs, static files.
KEPT = 40
#: Seconds between two equal lines.
SAY_AGAIN_SECONDS = 60
#: A file that can always be opened, if any file can.
ANYTHING = "/dev/null"
#: Of this process, and of the machine.
NONE_LEFT = (errno.EMFILE, errno.ENFILE)


def raise_to_hard() -> None:
    """The soft limit of open files becomes the hard one, for this process and those that it starts. Never raises."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        logger.warning("the limit of open files can't be raised: %s", error)


def allowed() -> int:
    """Files that this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Reserve:
    """Refuses connections before the last descriptor is gone: without one, neither PostgreSQL nor Redis can be reached again."""

    def __init__(self) -> None:
        self._refused = 0
        self._said_at: float | None = None

    def is_left(self, descriptor: int) -> bool:
        """Whether one more connection with this descriptor leaves enough; while it does not, a line a minute says so.

        A descriptor is the lowest number that was free: this high, everything below it is taken.
        """
        if descriptor < allowed() - KEPT:
            return True
        self._refused += 1
        self._say()
        return False

    def _say(self) -> None:
        now = time.monotonic()
        if self._said_at is None or now - self._said_at >= SAY_AGAIN_SECONDS:
            logger.warning(
                "open files are running out (%d are allowed, the last %d are kept back): connections refused: %d",
                allowed(), KEPT, self._refused,
            )  # fmt: skip
            self._said_at, self._refused = now, 0


class Exhaustion:
    """Detects that no descriptor is left: libuv then drops new connections silently.

    A line when it begins, one a minute, one when it ends.
    """

    def __init__(self) -> None:
        self._began_at: float | None = None
        self._said_at = 0.0

    def look(self, seconds: float) -> None:
        """Tries to open one more file. `seconds`: since the last look."""
        reason = _why_nothing_opens()
        if reason is not None:
            files_exhausted_seconds.inc(seconds)
            self._note(reason)
        elif self._began_at is not None:
            logger.warning("files can be opened again, after %.0f s", time.monotonic() - self._began_at)
            self._began_at = None

    def _note(self, reason: str) -> None:
        now = time.monotonic()
        if self._began_at is None or now - self._said_at >= SAY_AGAIN_SECONDS:
            logger.error(
                "not one more file can be opened (%s; %d are allowed): connections are dropped, and PostgreSQL and Redis "
                "can't be reached anew", reason, allowed(),
            )  # fmt: skip
            self._said_at = now
        self._began_at = self._began_at or now


def _why_nothing_opens() -> str | None:
    try:
        descriptor = os.open(ANYTHING, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return str(error.strerror) if error.errno in NONE_LEFT else None
    os.close(descriptor)
    return None
