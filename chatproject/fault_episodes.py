"""The episodes of one fault in one process: when it began, came back and ended; and which lines are logged about it, and when.

A fault that is checked all the time is logged once it has lasted a moment: by then its reason is known, or it is over.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator

from chatproject.faults import Fault, reason_in

#: An episode is over if no line about it comes for so long: longer than the time between two requests of a monitor for /readyz.
QUIET_SECONDS = 20.0
#: Time between two lines about one fault, except the beginning and the end of the first episode.
AGAIN_SECONDS = 60.0
#: A fault that comes back within so long is not new: it is logged once it has lasted for `LASTING_SECONDS`, or is over.
LATELY_SECONDS, LASTING_SECONDS = 300.0, 10.0
#: How long to wait for the reason of a fault that is checked all the time.
MOMENT_SECONDS = 2.0
_SAYS_WHY, _WHY = "psycopg.pool", "error connecting"


class FaultEpisodes:
    """The episodes from the first one until `LATELY_SECONDS` without any. Not thread-safe: its owner has a lock."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._began_at = self._last_at = self._told_at = time.monotonic()
        self.is_lasting = False
        #: Whether this is the first episode, and whether its beginning was logged.
        self._is_first, self._is_told = True, False
        #: Since the last line: how many episodes began, and how long the ended ones lasted.
        self._began, self._seconds = 0, 0.0
        self._lines: Counter[str] = Counter()
        self._reason, self._knows_why = "", False

    @property
    def is_long_ago(self) -> bool:
        return not self.has_more_to_say and time.monotonic() - self._last_at >= LATELY_SECONDS

    @property
    def has_more_to_say(self) -> bool:
        return self.is_lasting or bool(self._began)

    @property
    def kept(self) -> str:
        """The line about an episode that began and was not logged yet; empty if there is none."""
        return self._begins() if self.is_lasting and self._is_first and not self._is_told else ""

    def note(self, record: logging.LogRecord) -> str:
        """The lines to log instead of this line; none if it is only counted."""
        is_kept = not self.is_lasting
        if is_kept:
            self._begin(record)
        self._last_at = time.monotonic()
        is_why = not self._knows_why and record.name == _SAYS_WHY and str(record.msg).startswith(_WHY)
        if is_why:
            # All other lines only say that they waited.
            self._reason, self._knows_why = reason_in(record), True
        is_due = not self._is_told and self._last_at - self._began_at >= self._moment
        if self._is_first and (is_due or (is_why and self._is_told)):
            self._is_told, self._told_at, self._began = True, self._last_at, 0
            return self._begins()
        if not is_kept:
            self.count(record.name)
        return ""

    def count(self, what: str) -> None:
        """Counts a line that does not prolong the episode."""
        self._lines[what] += 1

    def due(self) -> Iterator[str]:
        """The lines that are due now; call it all the time."""
        now = time.monotonic()
        if self.is_lasting and now - self._last_at >= QUIET_SECONDS:
            self.is_lasting = False
            self._seconds += self._last_at - self._began_at
            # The only line was logged at once and says everything.
            is_said = self._is_told and not self._lines and self._last_at == self._began_at
            if (self._is_first or self._is_told) and not is_said:
                yield self._tell(now, self._over())
            self._is_first = self._is_told = False
        if now - self._told_at < AGAIN_SECONDS:
            return
        if self.is_lasting and self._is_told:
            yield self._tell(now, f"{self._fault.still}{_for(now - self._began_at)} now")
        elif self._began and not self._is_first and not self._may_be_over_at_once(now):
            yield self._tell(now, self._again(now))
            self._is_told = self.is_lasting

    @property
    def _moment(self) -> float:
        return MOMENT_SECONDS if self._fault.is_asked_about else 0.0

    def _begin(self, record: logging.LogRecord) -> None:
        self.is_lasting = True
        self._began_at = time.monotonic()
        self._began += 1
        self._reason, self._knows_why = reason_in(record), False

    def _begins(self) -> str:
        return f"{self._fault.begins}{_for(self._last_at - self._began_at)}: {self._reason}"

    def _may_be_over_at_once(self, now: float) -> bool:
        return self.is_lasting and now - self._began_at < LASTING_SECONDS

    def _over(self) -> str:
        again = "" if self._is_first else " again"
        why = "nothing more is heard of it" if self._is_told else self._reason
        return f"{self._fault.was}{again}{_for(self._seconds)}: {why}"

    def _again(self, now: float) -> str:
        times = "" if self._began == 1 else f" {self._began} times"
        if self.is_lasting:
            return f"{self._fault.begins} again{times}{_for(now - self._began_at)} now: {self._reason}"
        return f"{self._fault.was} again{times}{_for(self._seconds)}: {self._reason}"

    def _tell(self, now: float, says: str) -> str:
        count = self._lines.total()
        by_logger = ", ".join(f"{name} {lines}" for name, lines in self._lines.most_common())
        self._lines.clear()
        self._told_at, self._began, self._seconds = now, 0, 0.0
        return f"{says}; {count} more lines of it were not written ({by_logger})" if count else says


def _for(seconds: float) -> str:
    return f" for {seconds:.0f} s" if seconds >= 0.5 else ""
