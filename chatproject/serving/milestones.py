"""What the log always has of a process that serves, a line each: it begins (with its version and what is set), drains, ends."""

import time
from collections.abc import Callable

import structlog

from chatproject.in_force import readings, shown
from chatproject.version import VERSION, commit

logger = structlog.stdlib.get_logger("gapless.serve")


def say_beginning(*, web_processes: int) -> None:
    """By the process that the operator started. `settings`: those that are not the default, without secrets."""
    changed = {reading.name: shown(reading) for reading in readings(only_changed=True)}
    logger.info("begins", version=VERSION, commit=commit(), web_processes=web_processes, settings=changed)


def say_serving() -> None:
    logger.info("serves", version=VERSION, commit=commit())


def say_draining(**what: int) -> Callable[[], None]:
    """The function that it gives says the end."""
    began_at = time.monotonic()
    logger.info("drains", version=VERSION, **what)

    def say_end() -> None:
        logger.info("has ended", version=VERSION, seconds=round(time.monotonic() - began_at, 1))

    return say_end
