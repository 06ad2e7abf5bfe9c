"""Of the threads that answer reads one at a time runs; who waits for PostgreSQL hands the baton on meanwhile.

Each thread that runs makes the event loop, and so every message, wait for the interpreter again and again: six make it wait six
times as long. Only a matter of speed: without the baton all is the same.
"""

import contextlib
import threading
from collections.abc import Iterator

#: Nobody waits longer for it: who has it may wait for something else (Redis, say) for once.
PATIENCE_SECONDS = 0.02


class _Runner(threading.local):
    """A thread: whether it runs with the baton while it does not wait, and whether it has it."""

    is_one = False
    has_it = False


_lock = threading.Lock()
_me = _Runner()


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Around the work of this thread: it begins when it has the baton, or has been patient enough."""
    _me.is_one = True
    _take()
    try:
        yield
    finally:
        _hand_on()
        _me.is_one = False


class Waiting:
    """Around what this thread waits for, whether or not it runs with the baton."""

    def __enter__(self) -> None:
        if _me.has_it:
            _hand_on()

    def __exit__(self, *_: object) -> None:
        if _me.is_one:
            _take()


def _take() -> None:
    # Who has it already would wait for themselves, and then not know that they have it: nobody would ever get it again.
    _me.has_it = _me.has_it or _lock.acquire(timeout=PATIENCE_SECONDS)


def _hand_on() -> None:
    if _me.has_it:
        _me.has_it = False
        _lock.release()
