"""The run lock: of the threads that answer reads only one runs at a time; a thread that waits for PostgreSQL releases it.

Each running thread makes the event loop, and so every message, wait for the interpreter (the GIL): six threads make it wait six
times as long. For the same reason threads' turns are short meanwhile. The lock is only for speed; nothing else depends on it.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator

#: No thread waits longer for the lock: its holder may wait for something else, such as Redis.
PATIENCE_SECONDS = 0.02
#: While reads are answered, threads run for so long before the event loop gets its turn. If it were always so short, commits under
#: load would cost a seventh more.
TURN_SECONDS = 0.0001


class _Runner(threading.local):
    """A thread: whether it needs the lock to run, and whether it has it."""

    is_one = False
    has_it = False


class _Turns:
    """Makes turns short as long as any thread asks for it."""

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
def holding() -> Iterator[None]:
    """Wraps the work of this thread, which begins when it has the lock or has waited PATIENCE_SECONDS."""
    with _short_turns:
        _me.is_one = True
        _take()
        try:
            yield
        finally:
            _release()
            _me.is_one = False


class Released:
    """Wraps a wait of this thread: it releases the lock meanwhile, if it has it."""

    def __enter__(self) -> None:
        if _me.has_it:
            _release()

    def __exit__(self, *_: object) -> None:
        if _me.is_one:
            _take()


def _take() -> None:
    # A thread that has the lock already would wait for itself, and the lock would be lost for ever.
    _me.has_it = _me.has_it or _lock.acquire(timeout=PATIENCE_SECONDS)


def _release() -> None:
    if _me.has_it:
        _me.has_it = False
        _lock.release()
