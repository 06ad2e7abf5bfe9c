"""CPU and memory of processes on this machine, with all their children, from /proc."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    cpu_seconds: float
    resident_bytes: int


def usage_of(pid: int) -> ProcessUsage:
    """The usage of the process and its children, while they live; zero when they don't."""
    cpu, pages = 0.0, 0
    for member in _family(pid):
        with suppress(OSError, ValueError, IndexError):
            # After the name, which may contain anything: utime and stime are the 14th and 15th field (proc(5)).
            fields = (_PROC / str(member) / "stat").read_text().rpartition(")")[2].split()
            cpu += (int(fields[11]) + int(fields[12])) / _TICKS
            pages += int((_PROC / str(member) / "statm").read_text().split()[1])
    return ProcessUsage(cpu, pages * _PAGE)


def _family(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in (_PROC / str(pid) / "task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))
