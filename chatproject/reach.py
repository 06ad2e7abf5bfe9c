"""Tells in one sentence why PostgreSQL or Redis can't be used: the connection pool would only say that it waited."""

import psycopg
import redis
from django.db import DatabaseError, connections
from django.db.utils import OperationalError
from psycopg.errors import InsufficientPrivilege

from chatproject.postgresql.effective import NAMES, InForce, read_back, shortcomings
from chatproject.postgresql.pool import Connection
from chatproject.schema import MIGRATING
from delivery.async_sql.patience import patient_once
from delivery.service_errors import chain

#: How long an operator waits for an answer; a server that is there answers at once.
WAIT_SECONDS = 3
MOST_CHARACTERS = 400


def why_not_postgresql(*, of_one_session: bool = False) -> str | None:
    """Why it can't be reached, in libpq's words, or why what it leads to can't be used; None when all is well.

    of_one_session: what is set, locked or held in a session must stay there.
    """
    try:
        found = postgresql_in_force()
    except (psycopg.Error, OSError, ValueError) as error:
        return f"the database can't be reached: {_with_advice(sentence_of(error))}"
    if of_one_session and found.is_pooled:
        return (
            "this command needs a session of its own, and DATABASE_URL leads through a pooler: set it to PostgreSQL's own"
            " address for this command."
        )
    return next((f"the database can't be used: {short.says} {short.do}" for short in shortcomings(found)), None)


def postgresql_in_force() -> InForce:
    """The values in force on a new connection. Raises psycopg.Error, OSError, ValueError."""
    with patient_once(), _connection() as raw:
        return read_back(raw)


def is_being_migrated() -> bool:
    """Whether another process migrates the database now. Raises psycopg.Error, OSError."""
    with patient_once(), _connection() as raw:
        row = raw.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [MIGRATING]).fetchone()
    return row is not None and not row[0]


def what_is_missing(error: DatabaseError) -> str | None:
    """What to do about a statement that PostgreSQL refused for lack of rights; None for any other error."""
    refusal = next((cause for cause in chain(error) if isinstance(cause, InsufficientPrivilege)), None)
    if refusal is None:
        return None
    says = f"{sentence_of(refusal)}."
    if "extension" in says:
        return (
            f"{says} Let a superuser run CREATE EXTENSION pg_trgm in this database once, or GRANT CREATE ON DATABASE."
        )
    return f"{says} Make our user the owner of the database, or grant it what is missing."


def why_not(error: Exception) -> str:
    """One sentence for the error of PostgreSQL or Redis that ended a command."""
    if isinstance(error, redis.RedisError):
        return f"Redis can't be used: {sentence_of(error)}"
    reason = why_not_postgresql() if isinstance(error, OperationalError) else None
    return reason or f"the database can't be reached: {sentence_of(error)}"


def _connection() -> Connection:
    parameters = connections["default"].get_connection_params() | {"connect_timeout": WAIT_SECONDS}
    return Connection.connect(**parameters, autocommit=True)


def _with_advice(sentence: str) -> str:
    # pgbouncer's words, for what it does not know; libpq's own for what it does not understand are others.
    if "unsupported startup parameter" not in sentence:
        return sentence
    return f"{sentence}: set ignore_startup_parameters = options, {', '.join(NAMES)} in pgbouncer.ini."


def sentence_of(error: Exception) -> str:
    """The error's text, on one line and without the statement."""
    said = " ".join(str(error).split("\nLINE ")[0].split()) or type(error).__name__
    said = said.removeprefix("connection failed: ")
    return said if len(said) <= MOST_CHARACTERS else f"{said[:MOST_CHARACTERS]}…"
