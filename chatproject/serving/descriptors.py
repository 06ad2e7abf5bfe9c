"""File descriptors: as many as the machine allows, a few of them kept for what every request needs, a word when they run out."""

import logging
import resource
import time

logger = logging.getLogger("gapless.descriptors")

#: Kept for what every request leans on: the database pool, Redis, logs, static files.
KEPT = 40
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
