"""How much of this machine's memory the embedded PostgreSQL keeps its pages in. Knows nothing of Django."""

import contextlib
import os
from pathlib import Path

#: What deploy/postgresql.conf has: enough for any machine.
LEAST_BUFFERS = 128 * 2**20
#: Searches among a million messages were measured with so much; with more they were not.
MOST_BUFFERS = 512 * 2**20
#: A machine that runs PostgreSQL alone can give it a quarter. This one runs the web processes and Valkey too.
SHARE = 8
#: The limit of a container (control group v2): a number of bytes, or `max`.
_LIMIT = Path("/sys/fs/cgroup/memory.max")


def shared_buffers(memory: int) -> str:
    """PostgreSQL's `shared_buffers` on a machine with so many bytes."""
    return f"{max(LEAST_BUFFERS, min(memory // SHARE, MOST_BUFFERS)) // 2**20}MB"


def memory_of_machine(limit: Path = _LIMIT) -> int:
    """Bytes; inside a container no more than it may use."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        found = min(found, int(limit.read_text()))
    return found
