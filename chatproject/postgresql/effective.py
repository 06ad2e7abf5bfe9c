"""What is in force on a connection to PostgreSQL, read back: what lies between may drop what a connection asks for without a word.

A pooler that hands out its connections by the transaction keeps no state of ours, so nothing may lean on any: no prepared
statement, no `SET`. What every connection needs must then be the role's own setting.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings
from psycopg import sql

from chat import clock
from chatproject.findings import Finding
from chatproject.limits import Limits
from chatproject.postgresql.options import wanted

_MILLISECONDS = "(extract(epoch FROM current_setting('{0}')::interval) * 1000)::bigint"


#: What is read back, by PostgreSQL's names.
NAMES = tuple(wanted(Limits()))


@dataclass(frozen=True)
class InForce:
    """The values in force on a connection."""

    version: str
    #: `server_version_num`: 180006 is 18.6.
    version_number: int
    is_standby: bool
    #: A pooler is between: another process of PostgreSQL answers than the one that connected.
    is_pooled: bool
    role: str
    database: str
    #: The values by `NAMES`, in the units of `wanted`.
    settings: Mapping[str, str]


def read_back(raw: "psycopg.Connection[Any]") -> InForce:
    """Reads the values in one round trip; also sets this process's clock. Raises psycopg.Error."""
    asked_at = clock.steady_seconds()
    with psycopg.Cursor(raw) as cursor:
        row = cursor.execute(_STATEMENT).fetchone()
    assert row is not None
    version, number, is_standby, pid, role, database, seconds, *found = row
    clock.follow(seconds, asked_at=asked_at)
    return InForce(
        version=version,
        version_number=number,
        is_standby=is_standby,
        is_pooled=pid != raw.info.backend_pid,
        role=role,
        database=database,
        settings=dict(zip(NAMES, map(str, found), strict=True)),
    )


def shortcomings(found: InForce) -> Iterator[Finding]:
    """The reasons why this connection can't be used for serving, each with what to do."""
    if found.is_standby:
        yield _wrong(
            "this is a standby, which takes no messages.",
            "Let DATABASE_URL name all servers and target_session_attrs=read-write.",
        )
    if short := {name: value for name, value in found.settings.items() if not is_enough(name, value)}:
        says = ", ".join(f"{name} is {value}" for name, value in short.items())
        by = "a pooler that drops what is asked for" if found.is_pooled else "this role or database"
        yield _wrong(f"{says}, by {by}.", advice(found, short))


def told(found: InForce) -> str:
    """The values in one line, for the operator."""
    in_force = ", ".join(f"{name} {value}" for name, value in found.settings.items())
    return f"{found.version}{', through a pooler' if found.is_pooled else ''}; in force: {in_force}"


def is_enough(name: str, value: str) -> bool:
    """Whether the value is good enough: a time limit is set and not longer than ours; all others are as wanted."""
    asked = wanted(settings.LIMITS)[name]
    if name.endswith("_timeout"):
        return asked == "0" or 0 < int(value) <= int(asked)
    # Waiting for a standby too is stricter than needed, and allowed.
    return value == asked or (name, value) == ("synchronous_commit", "remote_apply")


def advice(found: InForce, names: Mapping[str, str]) -> str:
    """The statement that sets it for every connection of the role, also those of a pooler."""
    target = sql.SQL("ALTER ROLE {} IN DATABASE {} SET ").format(
        sql.Identifier(found.role), sql.Identifier(found.database)
    )
    asked = wanted(settings.LIMITS)
    lines = [f"{target.as_string()}{name} = '{asked[name]}';" for name in names]
    return f"Run {' '.join(lines)} Then let the pooler connect anew (RECONNECT in pgbouncer's console)."


def _wrong(says: str, do: str) -> Finding:
    return Finding("postgresql", "wrong", says, do)


_STATEMENT = (
    "SELECT current_setting('server_version'), current_setting('server_version_num')::int, pg_is_in_recovery(),"
    " pg_backend_pid(), session_user, current_database(), date_part('epoch', clock_timestamp()), "
    + ", ".join(
        _MILLISECONDS.format(name) if name.endswith("_timeout") else f"current_setting('{name}')" for name in NAMES
    )
)
