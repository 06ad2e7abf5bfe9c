"""What lasts is said once: a fault is a line when it begins, one a minute while it is, and one at its end with counts.

Whatever else says so meanwhile, by whatever library and with whatever traceback, is counted instead of written. Lines that are no
fault but repeat themselves are counted too, beyond a few a minute of one kind (repeats.py).
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator

from chatproject.faults import Fault, errors_in, fault_in, say_in_one_line, without_the_clients_faults
from chatproject.repeats import Repeats

logger = logging.getLogger("gapless.outages")

#: Without a line of it for so long, a fault is over: longer than between two looks of a monitor at /readyz.
QUIET_SECONDS = 20.0
AGAIN_SECONDS = 60.0
_SAYS_WHY = "psycopg.pool"


class Outages(logging.Filter):
    """A filter of the handler: every line of every logger passes it."""

    def __init__(self) -> None:
        super().__init__()
        # A signal may have something to say while its thread has the lock.
        self._lock = threading.RLock()
        self._lasting: dict[Fault, _Outage] = {}
        self._repeats = Repeats()
        self._is_watched = False

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == logger.name:
            return True
        without_the_clients_faults(record)
        fault = fault_in(record)
        if fault is None:
            return record.levelno <= logging.DEBUG or self._is_asked_for(record) or self._is_few(record)
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
        if self._watch():
            self._lasting[fault] = outage = _Outage()
            outage.tells_more(record)
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
            if outage.is_over():
                del self._lasting[fault]
                seconds = outage.last_at - outage.began_at
                heard = f"{fault.was} for {seconds:.0f} s, nothing more is heard of it: {outage.counts()}"
                yield logging.WARNING, heard
            elif outage.is_due():
                seconds = outage.told_at - outage.began_at
                yield logging.WARNING, f"{fault.still}, for {seconds:.0f} s now: {outage.counts()}"


class _Outage:
    def __init__(self) -> None:
        self.began_at = self.last_at = self.told_at = time.monotonic()
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

    def is_over(self) -> bool:
        return time.monotonic() - self.last_at >= QUIET_SECONDS

    def is_due(self) -> bool:
        now = time.monotonic()
        if now - self.told_at < AGAIN_SECONDS:
            return False
        self.told_at = now
        return True

    def counts(self) -> str:
        by_logger = ", ".join(f"{name} {count}" for name, count in self._lines.most_common())
        return f"{self._lines.total()} lines were not written ({by_logger or 'none'})"
