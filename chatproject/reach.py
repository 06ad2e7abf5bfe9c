"""Why PostgreSQL or Redis can't be used, in one sentence of theirs: the pool of connections would only say that it waited."""

import psycopg
import redis
from django.db import DatabaseError, connections
from django.db.utils import OperationalError
from psycopg.errors import InsufficientPrivilege

from delivery.away import chain

#: How long an operator waits for an answer; a server that is there answers at once.
WAIT_SECONDS = 3
MOST_CHARACTERS = 400


def why_not_postgresql() -> str | None:
    """libpq's own sentence, from a connection of its own; None when PostgreSQL lets us in."""
    parameters = connections["default"].get_connection_params() | {"connect_timeout": WAIT_SECONDS}
    try:
        psycopg.connect(**parameters).close()
    except (psycopg.Error, OSError, ValueError) as error:
        return sentence_of(error)
    return None


def what_is_missing(error: DatabaseError) -> str | None:
    """What to do about a statement that PostgreSQL did not permit; None for any other error."""
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
    """One sentence for an error of PostgreSQL or Redis that ended a command."""
    if isinstance(error, redis.RedisError):
        return f"Redis can't be used: {sentence_of(error)}"
    reason = why_not_postgresql() if isinstance(error, OperationalError) else None
    return f"the database can't be reached: {reason or sentence_of(error)}"


def sentence_of(error: Exception) -> str:
    """What it says, on one line and without the statement."""
    said = " ".join(str(error).split("\nLINE ")[0].split()) or type(error).__name__
    said = said.removeprefix("connection failed: ")
    return said if len(said) <= MOST_CHARACTERS else f"{said[:MOST_CHARACTERS]}…"
