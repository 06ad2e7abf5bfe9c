"""Waits until another transaction waits for a row."""

import time

from django.db import connection

from tests.stage.servers import EXPECT_SECONDS


def until_waiting(count: int) -> None:
    """Until so many others wait for a row's lock."""
    deadline = time.monotonic() + EXPECT_SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            # Within a transaction the statistics stay as they were read first.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0] >= count:
                return
    raise AssertionError("they do not wait")
