"""What is read now and then instead of being counted: how many, how long, how late. One task a process."""

import contextlib
import os
import resource
import time
from pathlib import Path

from django.db import connections

from delivery import metrics
from delivery.bus.layer import Bus
from delivery.commit.queue import Queue
from delivery.live.hub import Hub
from delivery.tasks import beat

#: Between two readings; the lag of the event loop is what a reading comes late by.
READ_SECONDS = 1.0
_STATM = Path("/proc/self/statm")
_FILES = Path("/proc/self/fd")


async def keep_reading(hub: Hub, queue: Queue, bus: Bus) -> None:
    """For ever."""
    while True:
        _read_node(hub, queue, bus)
        metrics.loop_lag_seconds.observe(await beat(READ_SECONDS))
        metrics.turned_at.set(time.time())
        _read_pool()
        _read_memory()
        _read_files()


def _read_node(hub: Hub, queue: Queue, bus: Bus) -> None:
    metrics.sockets.set(hub.size)
    metrics.people.set(len(hub.sockets_of))
    metrics.channels.set(len(hub.channels))
    metrics.lane_waiting.set(queue.length)
    metrics.lane_longest.set(queue.longest)
    metrics.bus_hearing.set(bus.is_hearing)


def _read_pool() -> None:
    # Django's wrapper has it only for PostgreSQL with a pool, which is what settings.py makes.
    pool = getattr(connections["default"], "pool", None)
    if pool is not None and not pool.closed:
        said = pool.get_stats()
        metrics.pool_size.set(said["pool_size"])
        metrics.pool_in_use.set(said["pool_size"] - said["pool_available"])
        metrics.pool_waiting.set(said.get("requests_waiting", 0))


def _read_memory() -> None:
    with contextlib.suppress(OSError):
        metrics.resident_bytes.set(int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))


def _read_files() -> None:
    with contextlib.suppress(OSError):
        # Linux before 6.2 says 0 of the folder: then its names are counted.
        metrics.open_files.set(_FILES.stat().st_size or len(os.listdir(_FILES)))
    metrics.allowed_files.set(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
