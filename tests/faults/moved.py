"""A web process whose clock is wrong by as much as a file says; the file may change while it runs."""

import datetime
import time
from pathlib import Path

from django.utils import timezone

#: The file is read again after this.
FRESH_SECONDS = 0.05


def follow(path: Path) -> None:
    """From here on this process' time of day is off by the seconds in the file. To be called before Django is set up."""
    true_time, true_now = time.time, timezone.now
    kept = [0.0, 0.0]

    def offset() -> float:
        if time.monotonic() - kept[1] > FRESH_SECONDS:
            kept[:] = [float(path.read_text()), time.monotonic()]
        return kept[0]

    def moved_time() -> float:
        return true_time() + offset()

    def moved_now() -> datetime.datetime:
        return true_now() + datetime.timedelta(seconds=offset())

    time.time = moved_time
    timezone.now = moved_now


def move(path: Path, seconds: float) -> None:
    """Replaces the file whole."""
    draft = path.with_suffix(".moving")
    draft.write_text(str(seconds))
    draft.rename(path)
