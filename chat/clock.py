"""The time for verbs: PostgreSQL's, not that of this machine's clock, because all machines decide about the same rows. Only tests
and the demo move it.
"""

import contextlib
import datetime
import time
from collections.abc import Iterator
from contextvars import ContextVar

from django.utils import timezone

#: Goes on at one pace, also while the machine is suspended, whatever its clock is set to.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_moved: ContextVar[datetime.datetime | None] = ContextVar("moved", default=None)
#: PostgreSQL's seconds since 1970 when the steady ones were 0; None until it was asked, as each new connection does.
_began: float | None = None


def now() -> datetime.datetime:
    return _moved.get() or _now_at_postgresql()


def steady_seconds() -> float:
    """The monotonic clock in seconds, for `follow`: read it before PostgreSQL is asked."""
    return time.clock_gettime(_STEADY)


def follow(seconds: float, *, asked_at: float) -> None:
    """PostgreSQL's clock has just answered with these seconds since 1970, asked at `asked_at` of the steady ones.

    What was followed before stays as far as the answer allows: the time takes no small steps back.
    """
    global _began
    least, most = seconds - steady_seconds(), seconds - asked_at
    _began = (least + most) / 2 if _began is None else min(max(_began, least), most)


@contextlib.contextmanager
def at(moment: datetime.datetime) -> Iterator[None]:
    """Within the block it is `moment`, in this context only."""
    token = _moved.set(moment)
    try:
        yield
    finally:
        _moved.reset(token)


def _now_at_postgresql() -> datetime.datetime:
    if _began is None:
        return timezone.now()
    return datetime.datetime.fromtimestamp(_began + steady_seconds(), datetime.UTC)
