"""What every connection to PostgreSQL asks for, and how long it waits for a server that says nothing."""

import sys
from collections.abc import Mapping
from typing import Any

from chatproject.limits import Limits

#: Of several servers one may be dead without a word: the next is to be reached before those who wait for a connection give up. Less
#: than two seconds libpq does not take.
SECONDS_A_SERVER = 2
#: A server that has lost its power says nothing: what was sent to it, and what is waited for from it, ends after about so long.
SILENT_SECONDS = 10


def wanted(limits: Limits) -> dict[str, str]:
    """What every connection asks for, by PostgreSQL's names; times in milliseconds."""
    return {
        "synchronous_commit": "on",
        "default_transaction_isolation": "read committed",
        "statement_timeout": str(limits.statement_seconds * 1000),
        "lock_timeout": str(limits.lock_seconds * 1000),
        "idle_in_transaction_session_timeout": str(limits.idle_in_transaction_seconds * 1000),
    }


def startup_options(limits: Limits) -> str:
    """What libpq sends at the start of a connection."""
    asked = {**wanted(limits), "TimeZone": "UTC"}
    return " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in asked.items())


def connection_options(database: Mapping[str, Any], limits: Limits, *, pool_size: int) -> dict[str, Any]:
    """Django's OPTIONS. What DATABASE_URL says after its `?` is kept, but for what promises lean on."""
    given: dict[str, Any] = database.get("OPTIONS", {})
    has_several = "," in f"{database.get('HOST', '')}{given.get('host', '')}"
    return {
        "keepalives_idle": SILENT_SECONDS // 2,
        "keepalives_interval": 1,
        "keepalives_count": SILENT_SECONDS // 2,
        "tcp_user_timeout": SILENT_SECONDS * 1000,
        **given,
        "connect_timeout": SECONDS_A_SERVER if has_several else limits.pool_wait_seconds,
        "application_name": "gapless",
        "options": startup_options(limits),
        # What asks for it is prepared (chat/prepared_sql.py), however seldom it runs; Django's own default is never.
        "prepare_threshold": sys.maxsize,
        "pool": {
            "min_size": 1,
            "max_size": pool_size,
            "timeout": limits.pool_wait_seconds,
            "max_idle": limits.idle_seconds,
            "reconnect_timeout": 5,
        },
    }
