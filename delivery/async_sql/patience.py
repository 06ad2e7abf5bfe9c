"""One piece of work in a thread (a request, a command of a socket) waits for PostgreSQL in vain once: then it asks nothing more.

A piece of work asks many questions, and several layers go on after an error. Without this each of them would wait anew.
"""

import contextlib
import math
import threading
import time
from collections.abc import Iterator

from delivery.service_errors import WaitedInVain


class _Work(threading.local):
    """The work of this thread."""

    is_patient_once = False
    has_waited_in_vain = False
    came_at = math.inf


_work = _Work()


@contextlib.contextmanager
def patient_once(came_at: float | None = None) -> Iterator[None]:
    """The block is one piece of work of this thread; within another one it changes nothing.

    came_at: when the work began to wait for its turn, by time.monotonic; without it, now.
    """
    if _work.is_patient_once:
        yield
        return
    _work.is_patient_once = True
    _work.came_at = time.monotonic() if came_at is None else came_at
    try:
        yield
    finally:
        _work.is_patient_once = _work.has_waited_in_vain = False
        _work.came_at = math.inf


def is_bounded() -> bool:
    """Whether this thread waits for a bounded time for an answer. Commands wait for as long as PostgreSQL takes."""
    return _work.is_patient_once


def came_at() -> float:
    """When this piece of work began to wait for its turn, by time.monotonic. Infinity for what is none."""
    return _work.came_at


def require_patience() -> None:
    """Raises WaitedInVain if this piece of work has waited in vain before."""
    if _work.has_waited_in_vain:
        raise WaitedInVain("PostgreSQL is not asked again: this work has waited for it in vain")


def in_vain(why: str) -> WaitedInVain:
    """Notes that this piece of work has waited in vain; returns the error to raise."""
    _work.has_waited_in_vain = _work.is_patient_once
    return WaitedInVain(why)
