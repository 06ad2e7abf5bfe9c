"""What each step of benchmarks.presence costs, and how that compares with the messages of the same people."""

import sys
import time
from collections import Counter, defaultdict
from typing import Any

from benchmarks.crowd import OWN, Cost

#: Channels in which the crowd of 1,000 is.
CROWDS = 10
COMING, COMING_SILENTLY = "100 come at once and go", "the same without presence"
SAYING, IDLING = "100 say a message at once", "100 turn idle or active at once"
#: What a hundred frames cost that change nothing: nobody is told less than that for.
REPEATING = "100 say at once what is known"
RECEIVING, READING = "100 acknowledge as many messages at once", "100 have read as many messages at once"
#: The statement of each process, every minute, and once more for people who have left.
NOTING = "noting when 100 were last seen"
TYPING, SAYING_ON = "100 type for 3 s", "100 say a message within 3 s"
CROWD, CROWD_SILENTLY, CROWD_SAYING = (
    "1,000 come in 10 s and go in 10 s",
    "1,000 do so without presence",
    "1,000 say a message in 10 s",
)
#: Presence, the same without it where everybody comes and goes, and the messages that it is measured by.
RATIOS = {
    "coming and going": (COMING, COMING_SILENTLY, SAYING),
    "turning idle or active": (IDLING, None, SAYING),
    "saying what is known": (REPEATING, None, SAYING),
    "acknowledging": (RECEIVING, None, SAYING),
    "reading": (READING, None, SAYING),
    "typing": (TYPING, None, SAYING_ON),
    "1,000 coming and going": (CROWD, CROWD_SILENTLY, CROWD_SAYING),
}


class Costs:
    """Of every step: the sum, and how often it was done. Each is shown as soon as it is known."""

    def __init__(self) -> None:
        self._sums: dict[str, Cost] = defaultdict(Cost)
        self._times: dict[str, int] = defaultdict(int)
        self._began_at = time.perf_counter()

    def add(self, name: str, cost: Cost, *, times: int = 1) -> None:
        self._sums[name] += cost
        self._times[name] += times
        self.tell(f"{name}{f', {times} times' if times > 1 else ''}: {cost}")

    def tell(self, sentence: str) -> None:
        print(f"{time.perf_counter() - self._began_at:5.0f} s  {sentence}", file=sys.stderr, flush=True)

    def figures(self) -> dict[str, Any]:
        """Of each step done once."""
        return {
            name: {
                "cpu_ms": {part: round(spent * 1000, 1) for part, spent in once.cpu.items()},
                "kilobytes": {op: round(size / 1024, 1) for op, size in once.bytes.items()},
                "clients_busy": round(once.clients_cpu / once.seconds, 2),
                "times": self._times[name],
            }
            for name in self._sums
            for once in [self._once(name)]
        }

    def ratios(self) -> dict[str, Any]:
        return {
            name: self._ratio(*steps)
            for name, steps in RATIOS.items()
            if steps[0] in self._sums and steps[2] in self._sums
        }

    def _ratio(self, presence: str, without: str | None, messages: str) -> dict[str, Any]:
        told, said = self._once(presence), self._once(messages)
        cpu = told.cpu_ms
        if without is not None:
            notes = self._once(NOTING).cpu["postgresql"] * (CROWDS if presence == CROWD else 1)
            cpu = (told.cpu[OWN] + told.cpu["valkey"] - self._once(without).cpu["valkey"] + notes) * 1000
        return {
            "cpu_ms": round(cpu, 1),
            "of_their_messages": round(cpu / max(0.1, said.cpu_ms), 3),
            "kilobytes": round(told.presence_bytes / 1024, 1),
            "kilobytes_of_their_messages": round(told.presence_bytes / max(1, said.bytes["changes"]), 3),
        }

    def _once(self, name: str) -> Cost:
        times = self._times[name] or 1
        cost = self._sums[name]
        return Cost(
            cost.seconds / times,
            Counter({part: spent / times for part, spent in cost.cpu.items()}),
            Counter({op: size // times for op, size in cost.bytes.items()}),
            cost.clients_cpu / times,
        )
