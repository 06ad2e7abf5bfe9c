"""How much slower this machine is now than when idle: bounds in seconds are lengthened by this factor.

On a quiet machine next to nothing, so that a bound says what it says. Two things are measured in the harness' own process: how
late the machine wakes who is to be woken, and how many want to run for each processor.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from bisect import bisect_left
from pathlib import Path

#: Between two beats.
EVERY_SECONDS = 0.05
#: From a client to a row and on to another client, so many are woken one after the other: client, web, PostgreSQL, web, client.
WAKINGS = 5
#: Linux says here how many processes want to run.
STAT = Path("/proc/stat")


class Metronome:
    """`beat()` goes on until it is cancelled; `allowance` says what a bound between two moments is to be forgiven."""

    def __init__(self) -> None:
        #: Without it nothing is: where a bound is expected to be broken.
        self.is_forgiving = True
        self._at: list[float] = []
        self._late: list[float] = []
        self._crowding: list[float] = []

    async def beat(self) -> None:
        while True:
            due = time.monotonic() + EVERY_SECONDS
            await asyncio.sleep(EVERY_SECONDS)
            self._at.append(time.monotonic())
            self._late.append(self._at[-1] - due)
            self._crowding.append(running() / (os.cpu_count() or 1))

    def allowance(self, begin: float, end: float, *, seconds: float) -> float:
        """For a way between the two that is promised to take so many seconds."""
        first, last = bisect_left(self._at, begin), bisect_left(self._at, end) + 1
        late, crowding = self._late[first:last], self._crowding[first:last]
        if not late or not self.is_forgiving:
            return 0.0
        return WAKINGS * max(late) + seconds * max(0.0, sum(crowding) / len(crowding) - 1)


def running() -> int:
    """How many want to run now; 1 where nobody knows."""
    found = re.search(r"procs_running (\d+)", STAT.read_text()) if STAT.exists() else None
    return int(found[1]) if found else 1
