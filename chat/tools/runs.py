"""Marks measurements under way: each holds a lock of PostgreSQL as long as its process lives, so that the remains of a killed one
can be told apart."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

#: First key of the advisory locks ("load" in ASCII); the second is the number of the run.
RUNNING = 0x6C6F6164

_HOLD = "SELECT pg_try_advisory_xact_lock(%s, %s)"
#: Its transaction lasts as long as the measurement, and holds no lock that others wait for.
_LASTS = "SET LOCAL idle_in_transaction_session_timeout = 0"


@contextmanager
def holding(run: int) -> Iterator[bool]:
    """Takes the run's lock within the block; False if another process has it."""
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
