"""Asks PostgreSQL what time it is, so that this process goes by it (chat/clock.py)."""

from chat import clock, prepared_sql

_TIME = "SELECT extract(epoch FROM clock_timestamp())::float8"


def keep_time() -> None:
    """New connections do so by themselves. Again and again, for somebody may set PostgreSQL's clock under old ones."""
    asked_at = clock.steady_seconds()
    [(seconds,)] = prepared_sql.rows(_TIME, [])
    clock.follow(seconds, asked_at=asked_at)
