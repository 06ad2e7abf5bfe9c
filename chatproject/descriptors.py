"""File descriptors: as many as the machine allows, a few of them kept for what every request needs, a word when they run out."""

import logging
import resource
import time

from django.conf import settings

logger = logging.getLogger("gapless.descriptors")

#: Beside the database pool: logs, listeners, Redis, static files, the loop itself.
KEPT_BESIDE_POOL = 40
#: Connections that are taken however few descriptors there are.
LEAST_CONNECTIONS = 8
#: Between two lines that say the same.
SAY_AGAIN_SECONDS = 60


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

    def is_left(self, connections: int) -> bool:
        """Whether so many connections leave enough; a line a minute says so while they don't."""
        kept = settings.DATABASE_POOL + KEPT_BESIDE_POOL
        if connections <= max(LEAST_CONNECTIONS, allowed() - kept):
            return True
        self._refused += 1
        self._say(kept)
        return False

    def _say(self, kept: int) -> None:
        now = time.monotonic()
        if self._said_at is None or now - self._said_at >= SAY_AGAIN_SECONDS:
            logger.warning(
                "open files are running out (%d are allowed, %d of them kept back): connections refused: %d",
                allowed(), kept, self._refused,
            )  # fmt: skip
            self._said_at, self._refused = now, 0
