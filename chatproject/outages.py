"""What lasts is said once: a fault is a line when it begins, one a minute while it is, and one at its end with counts. One that
comes back soon after its end is a line when it is over, or has lasted for a while.

Whatever else says so meanwhile, by whatever library and with whatever traceback, is counted instead of written; so are requests
that are refused meanwhile. Lines that are no fault but repeat themselves are counted too, beyond a few a minute (repeats.py).
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator

from chatproject.faults import (
    Fault,
    errors_in,
    fault_in,
    is_given_up_at_the_end,
    say_in_one_line,
    without_the_clients_faults,
)
from chatproject.repeats import Repeats

logger = logging.getLogger("gapless.outages")

#: Without a line of it for so long, a fault is over: longer than between two looks of a monitor at /readyz.
QUIET_SECONDS = 20.0
AGAIN_SECONDS = 60.0
#: What comes back within so long is nothing new: it is said once it has lasted for `LASTING_SECONDS`, or is over.
LATELY_SECONDS, LASTING_SECONDS = 300.0, 10.0
_SAYS_WHY, _WHY = "psycopg.pool", "error connecting"
_REQUESTS = "django_structlog.middlewares.request"
_COUNTED = "requests that were refused"
#: Answers to what programs ask by the way, as they may: what is not there (any more), and what was changed meanwhile.
_ANSWERS = (404, 409)


class Outages(logging.Filter):
    """A filter of the handler: every line of every logger passes it."""

    def __init__(self) -> None:
        super().__init__()
        # A signal may have something to say while its thread has the lock.
        self._lock = threading.RLock()
        self._lasting: dict[Fault, _Outage] = {}
        #: When each was over last.
        self._over_at: dict[Fault, float] = {}
        self._repeats = Repeats()
        self._is_watched = False

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == logger.name:
            return True
        if is_given_up_at_the_end(record):
            return False
        without_the_clients_faults(record)
        fault = fault_in(record)
        if fault is None:
            return (
                record.levelno <= logging.DEBUG
                or self._is_asked_for(record)
                or (not self._is_counted(record) and self._is_few(record))
            )
        with self._lock:
            is_told = self._is_told(fault, record)
        if is_told:
            say_in_one_line(record, fault)
        return is_told

    def _is_told(self, fault: Fault, record: logging.LogRecord) -> bool:
        outage = self._lasting.get(fault)
        if outage is not None:
            if outage.tells_more(record):
                return True
            outage.note(record.name)
            return False
        # With nobody to see the end of it, each line is written.
        if not self._watch():
            return True
        is_new = time.monotonic() - self._over_at.get(fault, -LATELY_SECONDS) >= LATELY_SECONDS
        self._lasting[fault] = outage = _Outage(is_new=is_new)
        if is_new:
            outage.tells_more(record)
        else:
            outage.note(record.name)
        return is_new

    def _is_counted(self, record: logging.LogRecord) -> bool:
        """Whether it is a refused request that only figures tell of, or while a fault lasts; a mistake of ours is none."""
        if record.name != _REQUESTS or not isinstance(record.msg, dict):
            return False
        status = record.msg.get("code") or 0
        with self._lock:
            lasting = next(iter(self._lasting.values()), None)
            if lasting is None or not (400 <= status < 500 or status == 503):
                return status in _ANSWERS
            lasting.count(_COUNTED)
        return True

    def _is_asked_for(self, record: logging.LogRecord) -> bool:
        # Who looks at everything for a while (LOG_LEVEL, SIGUSR1) is kept from nothing that only informs.
        return record.levelno < logging.WARNING and logging.getLogger("gapless").isEnabledFor(logging.DEBUG)

    def _is_few(self, record: logging.LogRecord) -> bool:
        with self._lock:
            return self._repeats.is_few(record, errors_in(record)) or not self._watch()

    # ---- the watch, in a thread of its own for as long as there is something to be said ----

    def _watch(self) -> bool:
        if not self._is_watched:
            self._is_watched = True
            try:
                threading.Thread(target=self._keep_watch, name="gapless-outages", daemon=True).start()
            except RuntimeError:
                # At the end of the process, or with no thread left.
                self._is_watched = False
        return self._is_watched

    def _keep_watch(self) -> None:
        is_over = False
        while not is_over:
            time.sleep(1)
            with self._lock:
                said = [*self._of_faults(), *self._repeats.due()]
                is_over = not self._lasting and not self._repeats.is_counting
                self._is_watched = not is_over
            for level, line in said:
                logger.log(level, line)

    def _of_faults(self) -> Iterator[tuple[int, str]]:
        for fault, outage in list(self._lasting.items()):
            again = "" if outage.is_new else " again"
            if outage.is_over():
                del self._lasting[fault]
                self._over_at[fault] = outage.last_at
                seconds = outage.last_at - outage.began_at
                heard = f"{fault.was}{again} for {seconds:.0f} s, nothing more is heard of it: {outage.counts()}"
                yield logging.WARNING, heard
            elif outage.is_due():
                seconds = outage.told_at - outage.began_at
                begins = fault.still if outage.is_told else f"{fault.begins}{again}"
                outage.is_told = True
                yield logging.WARNING, f"{begins}, for {seconds:.0f} s now: {outage.counts()}"


class _Outage:
    def __init__(self, *, is_new: bool) -> None:
        self.began_at = self.last_at = self.told_at = time.monotonic()
        self.is_new = self.is_told = is_new
        self._lines: Counter[str] = Counter()
        self._knows_why = not is_new

    def tells_more(self, record: logging.LogRecord) -> bool:
        """Once: psycopg's pool says why PostgreSQL lets nobody in, where all others only say that they waited."""
        is_first = not self._knows_why and record.name == _SAYS_WHY and str(record.msg).startswith(_WHY)
        self._knows_why |= is_first
        return is_first

    def note(self, name: str) -> None:
        self.last_at = time.monotonic()
        self.count(name)

    def count(self, what: str) -> None:
        """It does not last for longer because of that."""
        self._lines[what] += 1

    def is_over(self) -> bool:
        return time.monotonic() - self.last_at >= QUIET_SECONDS

    def is_due(self) -> bool:
        now = time.monotonic()
        if now - self.told_at < (AGAIN_SECONDS if self.is_told else LASTING_SECONDS):
            return False
        self.told_at = now
        return True

    def counts(self) -> str:
        by_logger = ", ".join(f"{name} {count}" for name, count in self._lines.most_common())
        return f"{self._lines.total()} lines were not written ({by_logger or 'none'})"
