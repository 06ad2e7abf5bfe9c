"""Expected faults in the log: a line when PostgreSQL or Redis goes away, one a minute while it is, and one at the end with counts.

What else is logged of it meanwhile, by whatever library and with whatever traceback, is counted instead of written.
"""

import logging
import threading
import time
from collections import Counter
from typing import Any

from django.core.exceptions import SuspiciousOperation

from delivery.away import who_is_away

logger = logging.getLogger("gapless.outages")

#: Without a line of it for so long, an outage is over: longer than between two looks of a monitor at /readyz.
QUIET_SECONDS = 20.0
AGAIN_SECONDS = 60.0
_SAYS_WHY = "psycopg.pool"


class Outages(logging.Filter):
    """A filter of the handler: every line of every logger passes it."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._lasting: dict[str, _Outage] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        _without_the_clients_faults(record)
        away = _who_is_away(record)
        if away is None:
            return True
        with self._lock:
            outage = self._lasting.get(away)
            is_told = outage is not None and not outage.tells_more(record)
            if outage is not None and is_told:
                outage.note(record.name)
                return False
            if outage is None:
                self._begin(away, record)
        _say_in_one_line(record, away)
        return True

    def _begin(self, away: str, record: logging.LogRecord) -> None:
        self._lasting[away] = outage = _Outage()
        outage.tells_more(record)
        try:
            threading.Thread(target=self._watch, args=[away, outage], daemon=True).start()
        except RuntimeError:
            # At the end of the process, or with no thread left: nobody would see the end of it, so each line is written.
            del self._lasting[away]

    def _watch(self, away: str, outage: "_Outage") -> None:
        told_at = outage.began_at
        while not self._is_over(away, outage):
            time.sleep(1)
            if time.monotonic() - told_at >= AGAIN_SECONDS:
                told_at = time.monotonic()
                logger.warning("%s is still away, for %.0f s now: %s", away, told_at - outage.began_at, outage.counts())
        seconds = outage.last_at - outage.began_at
        logger.warning("%s was away for %.0f s, nothing more is heard of it: %s", away, seconds, outage.counts())

    def _is_over(self, away: str, outage: "_Outage") -> bool:
        with self._lock:
            is_over = time.monotonic() - outage.last_at >= QUIET_SECONDS
            if is_over:
                del self._lasting[away]
            return is_over


class _Outage:
    def __init__(self) -> None:
        self.began_at = self.last_at = time.monotonic()
        self._lines: Counter[str] = Counter()
        self._knows_why = False

    def tells_more(self, record: logging.LogRecord) -> bool:
        """Once: psycopg's pool says why PostgreSQL lets nobody in, where all others only say that they waited."""
        is_first = record.name == _SAYS_WHY and not self._knows_why
        self._knows_why |= is_first
        return is_first

    def note(self, name: str) -> None:
        self.last_at = time.monotonic()
        self._lines[name] += 1

    def counts(self) -> str:
        by_logger = ", ".join(f"{name} {count}" for name, count in self._lines.copy().most_common())
        return f"{self._lines.total()} lines were not written ({by_logger or 'none'})"


def _who_is_away(record: logging.LogRecord) -> str | None:
    said: str | None = getattr(record, "away", None)
    if said is not None:
        return said
    for error in _errors_in(record):
        away = who_is_away(error)
        if away is not None:
            return away
    return None


def _errors_in(record: logging.LogRecord) -> list[BaseException]:
    # structlog's events come as a dict.
    event: dict[str, Any] = record.msg if isinstance(record.msg, dict) else {}
    args = record.args if isinstance(record.args, tuple) else ()
    found = [*args, event.get("exc_info"), event.get("exception")]
    for raised in (record.exc_info, event.get("exc_info")):
        found += raised[1:2] if isinstance(raised, tuple) else []
    return [error for error in found if isinstance(error, BaseException)]


def _say_in_one_line(record: logging.LogRecord, away: str) -> None:
    says = record.msg.get("event", "") if isinstance(record.msg, dict) else record.getMessage()
    errors = _errors_in(record)
    reason = f" ({' '.join(str(errors[0]).split())})" if errors else ""
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    says = f"{away} is away: {says.splitlines()[0] if says else record.name}{reason}"
    if isinstance(record.msg, dict):
        record.msg = {key: value for key, value in record.msg.items() if key not in ("exc_info", "exception")} | {
            "event": says
        }
    else:
        record.msg, record.args = says, ()
    record.exc_info = record.exc_text = record.stack_info = None


def _without_the_clients_faults(record: logging.LogRecord) -> None:
    # What any stranger can cause is no error of ours, and no traceback: a redirect too long, too many fields.
    error = record.exc_info[1] if record.exc_info else None
    is_invalid_text = record.name == "uvicorn.error" and isinstance(error, UnicodeDecodeError)
    if is_invalid_text or isinstance(error, SuspiciousOperation):
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.exc_info = record.exc_text = None
