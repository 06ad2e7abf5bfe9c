"""Translates errors of the database. It recognises constraints by name, never by the text of the error."""

import logging
import secrets

from django.db import DataError, Error, IntegrityError, InterfaceError, OperationalError

from delivery.wire.errors import Conflict, Internal, Invalid, NotFound, Refused, Unavailable

logger = logging.getLogger("gapless.database")

#: A row to which the message refers existed when it was read, and was gone at the commit.
_FOREIGN_KEY = "23503"


def violates(error: Error, name: str) -> bool:
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == name


def is_unknown(error: Exception) -> bool:
    """Whether the transaction's outcome is unknown: the database went away, or was too slow. After a deadlock it is undone."""
    return isinstance(error, OperationalError | InterfaceError) and not _was_deadlock(error)


def refusal_for(error: Exception) -> Refused:
    """The refusal for a single message that can't be committed, for any error; an unexpected error is logged."""
    if isinstance(error, OperationalError):
        return Unavailable()
    if _sqlstate(error) == _FOREIGN_KEY:
        return NotFound("The message that it answers, or its channel, has just been deleted.")
    if isinstance(error, DataError):
        return Invalid("The database can't hold this message.")
    # Happens only when the same id is posted to two channels at the same moment.
    if isinstance(error, IntegrityError) and violates(error, "messages_once"):
        return Conflict()
    reference = secrets.token_hex(6)
    logger.error("reference %s: a message was not committed", reference, exc_info=error)
    return Internal(reference)


def _was_deadlock(error: Exception) -> bool:
    return _sqlstate(error) in ("40P01", "40001")


def _sqlstate(error: Exception) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
