"""A long time of ordinary use, and what grew in it: memory, threads, tasks, connections and files of all web processes together.

Not of each: people who come back go to the next process, so one has more in the end and another less.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.faults.scenarios.run import Run

#: Of the whole run, at its beginning: caches fill, pools open, the allocator finds its size.
WARMING = 0.3
#: Samples in one run, at least a second apart.
SAMPLES = 240
#: What a figure may grow by from the warm beginning to the end, in its unit and in relation to where it began.
MAY_GROW = {
    "memory_mib": (16.0, 0.10),
    "threads": (2.0, 0.0),
    "tasks": (15.0, 0.10),
    "connections": (15.0, 0.10),
    "files": (15.0, 0.10),
}


@dataclass
class Gauge:
    """One figure over time."""

    at: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, value: float) -> None:
        self.at.append(time.monotonic())
        self.values.append(value)

    @property
    def warm(self) -> Gauge:
        start = int(len(self.values) * WARMING)
        return Gauge(self.at[start:], self.values[start:])

    @property
    def an_hour(self) -> float:
        """The slope of a straight line through the values."""
        if len(set(self.at)) < 2:
            return 0.0
        return statistics.linear_regression(self.at, self.values).slope * 3600

    @property
    def grown(self) -> float:
        """By the straight line, from the first value to the last."""
        return self.an_hour * (self.at[-1] - self.at[0]) / 3600 if self.at else 0.0


async def soak(run: Run, *, seconds: float) -> None:
    """The load goes on, people come and go; nobody is hurt. Complains of whatever is not flat in the end."""
    gauges: dict[str, Gauge] = defaultdict(Gauge)
    until = time.monotonic() + seconds
    pause = max(1.0, seconds / SAMPLES)
    while time.monotonic() < until:
        for client in run.chance.sample(run.clients, max(1, len(run.clients) // 40)):
            client.drop()
        await asyncio.sleep(pause)
        sums: dict[str, float] = defaultdict(float)
        for web in run.webs:
            assert web.process is not None
            for name, value in _figures(web.process.pid, web.tasks).items():
                sums[name] += value
        for name, value in sums.items():
            gauges[name].add(value)
    for line in lines(gauges):
        print(line, flush=True)
    for name, gauge in gauges.items():
        if sentence := too_much(name, gauge.warm):
            run.complain("grown", sentence)


def too_much(name: str, gauge: Gauge) -> str:
    """What is wrong with a figure's growth; nothing if it is flat."""
    most, share = MAY_GROW[name]
    allowed = max(most, share * gauge.values[0]) if gauge.values else most
    return f"{name} grew by {gauge.grown:.1f}, {gauge.an_hour:.1f} an hour" if gauge.grown > allowed else ""


def lines(gauges: Mapping[str, Gauge]) -> Sequence[str]:
    """A line a figure: where it began, where it ended, its slope an hour once it was warm."""
    return [
        f"  {name:<14}{gauge.values[0]:>10.1f}{gauge.values[-1]:>10.1f}{gauge.warm.an_hour:>+12.1f} an hour"
        for name, gauge in sorted(gauges.items())
    ]


def _figures(pid: int, tasks: Path) -> dict[str, float]:
    process = psutil.Process(pid)
    with process.oneshot():
        figures = {
            "memory_mib": process.memory_info().rss / 2**20,
            "threads": float(process.num_threads()),
            "connections": float(len(process.net_connections())),
            "files": float(process.num_fds()),
        }
    return {**figures, "tasks": float(tasks.read_text())} if tasks.exists() else figures
