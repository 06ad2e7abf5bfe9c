"""Metrics that a task reads now and then instead of counting: numbers, lengths, lateness. One task for each process."""

import contextlib
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connections
from prometheus_client import Gauge

from delivery import metrics
from delivery.bus.layer import Bus
from delivery.commit.queue import Queue
from delivery.live.hub import Hub
from delivery.tasks import beat

#: Seconds between two readings; the delay of a reading is the lag of the event loop.
READ_SECONDS = 1.0
_STATM = Path("/proc/self/statm")
_FILES = Path("/proc/self/fd")


async def keep_reading(hub: Hub, queue: Queue, bus: Bus) -> None:
    """Sets the gauges repeatedly, until it is cancelled."""
    with contextlib.ExitStack() as kept:
        statm = _opened(kept)
        note = _Noted().note
        while True:
            _read_node(note, hub, queue, bus)
            metrics.loop_lag_seconds.observe(await beat(READ_SECONDS))
            metrics.turned_at.set(time.time())
            _read_pool(note)
            _read_memory(note, statm)
            _read_files(note)


class _Noted:
    """Sets a gauge only when its value has changed: processes share metrics in files, and writes are expensive."""

    def __init__(self) -> None:
        self._values: dict[Gauge, float] = {}

    def note(self, gauge: Gauge, value: float) -> None:
        if self._values.get(gauge) != value:
            self._values[gauge] = value
            gauge.set(value)


Note = Callable[[Gauge, float], None]


def _read_node(note: Note, hub: Hub, queue: Queue, bus: Bus) -> None:
    note(metrics.sockets, hub.size)
    note(metrics.people, len(hub.sockets_of))
    note(metrics.channels, len(hub.channels))
    note(metrics.lane_waiting, queue.length)
    note(metrics.lane_longest, queue.longest)
    note(metrics.bus_hearing, bus.is_hearing)


def _read_pool(note: Note) -> None:
    # Django's wrapper has it only for PostgreSQL with a pool, which is what settings.py makes.
    pool = getattr(connections["default"], "pool", None)
    if pool is not None and not pool.closed:
        said = pool.get_stats()
        note(metrics.pool_size, said["pool_size"])
        note(metrics.pool_in_use, said["pool_size"] - said["pool_available"])
        note(metrics.pool_waiting, said.get("requests_waiting", 0))


def _opened(kept: contextlib.ExitStack) -> int | None:
    # Once: to open it and to read it as text takes longer than all else that is read here.
    with contextlib.suppress(OSError):
        return kept.enter_context(_STATM.open("rb", buffering=0)).fileno()
    return None


def _read_memory(note: Note, statm: int | None) -> None:
    if statm is not None:
        note(metrics.resident_bytes, int(os.pread(statm, 200, 0).split()[1]) * os.sysconf("SC_PAGE_SIZE"))


def _read_files(note: Note) -> None:
    with contextlib.suppress(OSError):
        # Linux before 6.2 says 0 of the folder: then its names are counted.
        note(metrics.open_files, _FILES.stat().st_size or len(os.listdir(_FILES)))
    note(metrics.allowed_files, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
