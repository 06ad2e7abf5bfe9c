"""Which measurement is under way: each holds a lock of PostgreSQL for as long as its process lives, so that what a killed one
left is known to be nobody's."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

#: First key of the advisory locks ("load" in ASCII); the second is the number of the run.
RUNNING = 0x6C6F6164

_HOLD = "SELECT pg_try_advisory_xact_lock(%s, %s)"
#: It lasts as long as what is measured, and has nothing in hand that others wait for.
_LASTS = "SET LOCAL idle_in_transaction_session_timeout = 0"


@contextmanager
def holding(run: int) -> Iterator[bool]:
    """Whether the run is this process' own within the block: not when another process has it."""
    own = connection.copy()
    own.set_autocommit(False)
    try:
        with own.cursor() as cursor:
            cursor.execute(_LASTS)
            cursor.execute(_HOLD, [RUNNING, run])
            [(is_ours,)] = cursor.fetchall()
        yield is_ours
    finally:
        own.rollback()
        own.close()


def new_run() -> int:
    return secrets.randbelow(2**31 - 1) + 1
