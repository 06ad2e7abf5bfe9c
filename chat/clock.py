"""What time it is, for the verbs. Tests and the demo move it; nothing else does."""

import contextlib
import datetime
from collections.abc import Iterator
from contextvars import ContextVar

from django.utils import timezone

_moved: ContextVar[datetime.datetime | None] = ContextVar("moved", default=None)


def now() -> datetime.datetime:
    return _moved.get() or timezone.now()


@contextlib.contextmanager
def at(moment: datetime.datetime) -> Iterator[None]:
    """Within the block it is `moment`, in this context only."""
    token = _moved.set(moment)
    try:
        yield
    finally:
        _moved.reset(token)
