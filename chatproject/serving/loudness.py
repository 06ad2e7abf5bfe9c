"""How much is logged, changed while it serves: SIGUSR1 has everything written (DEBUG), SIGUSR2 what LOG_LEVEL says.

A process that does not listen yet would be ended by them: until then they are held back, also in the processes that it starts.
"""

import contextlib
import logging
import signal
from collections.abc import Callable, Iterator

from django.conf import settings

from chatproject.logs import OURS

logger = logging.getLogger("gapless.serve")

EVERYTHING, AS_SET = signal.SIGUSR1, signal.SIGUSR2


def hold_back() -> None:
    """For this thread, and the processes that it starts; what comes meanwhile is heard by `obey`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (EVERYTHING, AS_SET))


def obey(pass_on: Callable[[signal.Signals], None] | None = None) -> None:
    """From now on. `pass_on`: told each, for others."""

    def change(number: int, frame: object) -> None:
        level = "DEBUG" if number == EVERYTHING else settings.LOG_LEVEL
        for name in OURS:
            logging.getLogger(name).setLevel(level)
        logger.warning("the log level is %s now", level)
        if pass_on is not None:
            pass_on(signal.Signals(number))

    for number in (EVERYTHING, AS_SET):
        signal.signal(number, change)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (EVERYTHING, AS_SET))


def is_everything() -> bool:
    return logging.getLogger(OURS[0]).level == logging.DEBUG


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """For a process that is started within."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (EVERYTHING, AS_SET))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
