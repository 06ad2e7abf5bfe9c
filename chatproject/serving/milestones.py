"""The log lines that every serving process has: one when it serves, one when it has ended, or the reason why it does not serve."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from chatproject.settings_in_force import readings, shown
from chatproject.version import VERSION, commit

logger = structlog.stdlib.get_logger("gapless.serve")

#: In /proc/self/stat, behind the name in brackets: when the process began, in ticks since the machine did.
_BEGAN_AT = 19


def say_serving() -> None:
    """Logs that a web process with a parent serves."""
    logger.info("serves", **_release(), seconds=_age())


def say_all_serve(*, port: int, web_processes: int) -> None:
    """Logs, in the process that the operator started, that all serve. `settings`: those that are not the default, no secrets."""
    changed = {reading.name: shown(reading) for reading in readings(only_changed=True)}
    event = "serves" if web_processes == 1 else "all serve"
    how = {"port": port, "web_processes": web_processes, "settings": changed}
    logger.info(event, **_release(), seconds=_age(), **how)


def say_draining() -> Callable[..., None]:
    """Logs that the drain begins; returns a function that logs its outcome, or that it was given up."""
    began_at = time.monotonic()
    logger.debug("drains")

    def say_end(*, has: str = "ended", is_given_up: bool = False, **what: int) -> None:
        told = {"version": VERSION, "seconds": round(time.monotonic() - began_at, 1), **what}
        if is_given_up:
            logger.error("does not end in its time, and is given up", **told)
        else:
            logger.info(f"has {has}", **told)

    return say_end


def _release() -> dict[str, str]:
    return {"version": VERSION, "commit": commit()}


def _age() -> float:
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[_BEGAN_AT])
    return round(time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"), 1)
