"""The errors that mean that a service was away: then repeating is safe, and the fault is an expected one."""

from collections.abc import Iterator

import psycopg
from django.db import InterfaceError, OperationalError
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import TimeoutError as RedisSlow

#: The database is away, busy or was cut off: repeating is safe. Anything else is a mistake of ours.
DATABASE_AWAY = (OperationalError, InterfaceError)


class WaitedInVain(psycopg.OperationalError):
    """PostgreSQL gave no connection, or no answer, for as long as it is waited for. Asking again at once would only wait again."""


class DatabaseAway(Exception):
    """PostgreSQL does not answer, as opposed to answering that a row is locked."""


def is_database_away(error: Exception) -> bool:
    """Whether PostgreSQL did not answer. A lock or statement that took too long is an answer (it has an SQLSTATE)."""
    if not isinstance(error, DATABASE_AWAY):
        return False
    return _is_no_answer(getattr(error.__cause__, "sqlstate", None))


def is_cut_off(error: Exception) -> bool:
    """Whether PostgreSQL was lost at once, as by a restart: asking again soon is worth it. It is not after a wait in vain."""
    return is_database_away(error) and not isinstance(error.__cause__, WaitedInVain)


def service_away(error: BaseException) -> str | None:
    """`Redis` or `PostgreSQL` if the error, or one of its causes, says that this service was away; None for other errors."""
    for each in chain(error):
        if isinstance(each, RedisGone | RedisSlow):
            return "Redis"
        if isinstance(each, DatabaseAway) or (isinstance(each, Exception) and is_database_away(each)):
            return "PostgreSQL"
        if isinstance(each, psycopg.OperationalError) and _is_no_answer(each.sqlstate):
            return "PostgreSQL"
    return None


def _is_no_answer(sqlstate: str | None) -> bool:
    # 08: connection exceptions; 57P: the server is shutting down or starting up; 53: out of connections or memory; 25006: it is a
    # standby, which takes no writes; 25P03, 25P04: it has ended the session, as the transaction took too long.
    return sqlstate is None or sqlstate.startswith(("08", "57P", "53", "25006", "25P03", "25P04"))


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, then its causes (`__cause__`, `__context__`)."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
