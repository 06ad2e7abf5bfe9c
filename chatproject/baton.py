"""Of the threads that answer reads one at a time runs; who waits for PostgreSQL hands the baton on meanwhile.

Each thread that runs makes the event loop, and so every message, wait for the interpreter again and again: six make it wait six
times as long. For the same reason turns are short while one runs. Only a matter of speed: without the baton all is the same.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator

#: Nobody waits longer for it: who has it may wait for something else (Redis, say) for once.
PATIENCE_SECONDS = 0.02
#: While reads are answered, threads run for so long before the loop has its turn. Always so short, commits under load would cost
#: a seventh more.
TURN_SECONDS = 0.0001


class _Runner(threading.local):
    """A thread: whether it runs with the baton while it does not wait, and whether it has it."""

    is_one = False
    has_it = False


class _Turns:
    """Short ones, as long as anybody asks for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking = 0
        self._usual = 0.0

    def __enter__(self) -> None:
        with self._lock:
            self._asking += 1
            if self._asking == 1:
                self._usual = sys.getswitchinterval()
                sys.setswitchinterval(TURN_SECONDS)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._asking -= 1
            if self._asking == 0:
                sys.setswitchinterval(self._usual)


_lock = threading.Lock()
_me = _Runner()
_short_turns = _Turns()


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Around the work of this thread: it begins when it has the baton, or has been patient enough."""
    with _short_turns:
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
