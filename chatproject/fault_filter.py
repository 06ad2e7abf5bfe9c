"""A filter of the log that writes a lasting fault as few lines: one when it begins, one a minute while it lasts, and one with
counts when it ends. A fault that often comes back is at most one line a minute; one that was over at once is one line in all.

All other lines about the same fault, of any library and with any traceback, are counted instead of written; so are requests that
are refused meanwhile. Lines that are no fault but repeat themselves are counted too, beyond a few a minute (repeats.py).
"""

import logging
import threading
import time
from collections.abc import Iterator

from chatproject.fault_episodes import FaultEpisodes
from chatproject.faults import (
    Fault,
    errors_in,
    fault_in,
    is_given_up_at_the_end,
    reason_in,
    say_in_one_line,
    without_the_clients_faults,
)
from chatproject.repeats import Repeats

logger = logging.getLogger("gapless.outages")

_REQUESTS = "django_structlog.middlewares.request"
_COUNTED = "requests that were refused"
#: Answers to what programs ask by the way, as they may: what is not there (any more), and what was changed meanwhile.
_ANSWERS = (404, 409)


class FaultFilter(logging.Filter):
    """A filter of the handler: every line of every logger passes it."""

    def __init__(self) -> None:
        super().__init__()
        # A signal may have something to say while its thread has the lock.
        self._lock = threading.RLock()
        self._episodes: dict[Fault, FaultEpisodes] = {}
        self._repeats = Repeats()
        self._is_watched = False

    def say_what_was_kept(self) -> None:
        """Logs faults that still wait for their reason. Call it at the process's end: a command may be shorter than the wait."""
        with self._lock:
            said = [episodes.kept for episodes in self._episodes.values() if episodes.kept]
        for line in said:
            logger.warning(line)

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
            sentence = self._told(fault, record)
        if sentence:
            say_in_one_line(record, sentence)
        return bool(sentence)

    def _told(self, fault: Fault, record: logging.LogRecord) -> str:
        episodes = self._episodes.get(fault)
        if episodes is None or episodes.is_long_ago:
            self._episodes[fault] = episodes = FaultEpisodes(fault)
        sentence = episodes.note(record)
        # With nobody to see the end of it, each line is written.
        return sentence if self._watch() else f"{fault.begins}: {reason_in(record)}"

    def _is_counted(self, record: logging.LogRecord) -> bool:
        """Whether it is a refused request that only figures tell of, or while a fault lasts; a mistake of ours is none."""
        if record.name != _REQUESTS or not isinstance(record.msg, dict):
            return False
        status = record.msg.get("code") or 0
        with self._lock:
            lasting = next((episodes for episodes in self._episodes.values() if episodes.is_lasting), None)
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
                is_over = not self._repeats.is_counting and not any(
                    each.has_more_to_say for each in self._episodes.values()
                )
                self._is_watched = not is_over
            for level, line in said:
                logger.log(level, line)

    def _of_faults(self) -> Iterator[tuple[int, str]]:
        for episodes in self._episodes.values():
            for sentence in episodes.due():
                yield logging.WARNING, sentence
