"""What the machine did beside a benchmark: the cores that others used, and how long the same arithmetic took each time."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psutil

from benchmarks.fanout import DATA, WebProcess, services_cpu
from delivery.load.tally import quantiles

#: About a millisecond of arithmetic on a core of its own, and a pause as between messages that come alone.
ADDED, PAUSE_SECONDS = 60_000, 0.004
#: Pieces of arithmetic before, and as many after.
PIECES = 250


@contextmanager
def machine(servers: Sequence[WebProcess]) -> Iterator[Callable[[], dict[str, Any]]]:
    """From here on: cores that neither this process, nor the servers, nor the services used, and the times of the arithmetic.

    The arithmetic is done before and after, never meanwhile. Where its p99 is many times its p50, so is that of anything else.
    """
    before = _arithmetic()
    busy, ours = _used(servers)
    began_at = time.perf_counter()

    def found() -> dict[str, Any]:
        busy_now, ours_now = _used(servers)
        others = max(0.0, (busy_now - busy - ours_now + ours) / (time.perf_counter() - began_at))
        return {"others_used_cores": round(others, 2), "arithmetic_ms": quantiles(before + _arithmetic())}

    yield found


def _used(servers: Sequence[WebProcess]) -> tuple[float, float]:
    times = psutil.cpu_times()
    busy = sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
    return busy, sum(server.cpu() for server in servers) + sum(services_cpu(DATA).values()) + time.process_time()


def _arithmetic() -> list[float]:
    took = []
    for _ in range(PIECES):
        began_at = time.perf_counter()
        sum(range(ADDED))
        took.append(time.perf_counter() - began_at)
        time.sleep(PAUSE_SECONDS)
    return took
