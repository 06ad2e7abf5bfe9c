"""Finds a hanging web process: its event loop has taken no turn for so long, while another process's has.

Only time in which the parent itself took its turns counts: a process that stands still with the whole machine (suspended, frozen,
without a processor) does not hang.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from chatproject.serving.workers import Worker

#: At most so many seconds count between two of the parent's own turns.
TURN_SECONDS = 1.0
#: A process that was heard within so many seconds takes its turns: a sign of life is due every second.
LIVELY_SECONDS = 3.0


class Watch:
    def __init__(self, *, hung_seconds: float) -> None:
        self._hung_seconds = hung_seconds
        self._looked_at = time.monotonic()
        #: By process id.
        self._silent: dict[int, float] = {}

    def hung(self, workers: Sequence[Worker]) -> list[Worker]:
        """The hanging processes; call it all the time. Never processes that a debugger has stopped, and never all of several."""
        serving = [worker for worker in workers if worker.has_come_up]
        self._count(serving)
        hung = [worker for worker in serving if self._silent[worker.pid] >= self._hung_seconds]
        is_alone = len(workers) == 1
        if not hung or not (is_alone or min(self._silent.values()) < LIVELY_SECONDS):
            return []
        return [worker for worker in hung if not _is_traced(worker.pid)]

    def _count(self, serving: Sequence[Worker]) -> None:
        now = time.monotonic()
        passed, self._looked_at = min(now - self._looked_at, TURN_SECONDS), now
        self._silent = {
            worker.pid: 0.0 if worker.has_been_heard() else self._silent.get(worker.pid, 0.0) + passed
            for worker in serving
        }


def _is_traced(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return "\nTracerPid:\t0\n" not in status
