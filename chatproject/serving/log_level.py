"""Changes how much is logged while the process serves: SIGUSR1 logs everything (DEBUG), SIGUSR2 goes back to LOG_LEVEL.

These signals would end a process that does not handle them yet: until then they are blocked, also in processes that it starts.
"""

import contextlib
import logging
import signal
from collections.abc import Callable, Iterator

from django.conf import settings

from chatproject.logs import OURS

logger = logging.getLogger("gapless.serve")

EVERYTHING, AS_SET = signal.SIGUSR1, signal.SIGUSR2


def block_signals() -> None:
    """Blocks the signals for this thread and the processes that it starts; `obey` handles those that come meanwhile."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (EVERYTHING, AS_SET))


def handle_signals(pass_on: Callable[[signal.Signals], None] | None = None) -> None:
    """Handles the signals from now on. `pass_on` gets each signal, to send it to other processes."""

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


def is_debug() -> bool:
    return logging.getLogger(OURS[0]).level == logging.DEBUG


@contextlib.contextmanager
def signals_blocked() -> Iterator[None]:
    """Blocks the signals for a process that starts within the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (EVERYTHING, AS_SET))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
