"""How many rows of large tables sequential scans have read: an index should have found them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.db import connection

#: A table with fewer rows is rightly read whole.
LARGE_ROWS = 2000
#: PostgreSQL's processes say what they have counted at most once a second.
SAID_SECONDS = 1.1

_READ = """
SELECT large.relname, seq_tup_read FROM pg_stat_user_tables JOIN pg_class AS large ON large.oid = relid WHERE reltuples > %s
"""


@asynccontextmanager
async def scanned_rows() -> AsyncIterator[dict[str, int]]:
    """By table; filled at the end."""
    found: dict[str, int] = {}
    before = await asyncio.to_thread(read_scans)
    yield found
    await asyncio.sleep(SAID_SECONDS)
    found.update(since(before, await asyncio.to_thread(read_scans)))


def read_scans() -> dict[str, int]:
    """Rows of each large table that were ever looked through so, what this process has done among them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute(_READ, [LARGE_ROWS])
        return dict(cursor.fetchall())


def since(before: dict[str, int], now: dict[str, int], *, times: int = 1) -> dict[str, int]:
    """The rows scanned since `before` for each of so many repetitions, without tables that were not scanned."""
    return {table: (rows - before.get(table, 0)) // times for table, rows in now.items() if rows > before.get(table, 0)}
