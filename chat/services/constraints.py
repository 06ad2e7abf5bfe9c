"""What an error of the database means. Constraints are recognised by name, never by the text of the message."""

import logging
import secrets

from django.db import DataError, Error, IntegrityError, InterfaceError, OperationalError

from delivery.wire.errors import Conflict, Internal, Invalid, NotFound, Refused, Unavailable

logger = logging.getLogger("gapless.database")

#: A row that the message names was there when it was looked at, and is gone at the commit.
_FOREIGN_KEY = "23503"


def violates(error: Error, name: str) -> bool:
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == name


def is_unknown(error: Exception) -> bool:
    """Whether it is not known what became of the transaction: the database went away, or was too slow. A deadlock undid it."""
    return isinstance(error, OperationalError | InterfaceError) and not _was_deadlock(error)


def refusal_for(error: Exception) -> Refused:
    """The refusal of the one message that can't be committed, whatever it raised; a mistake of ours is logged."""
    if isinstance(error, OperationalError):
        return Unavailable()
    if _sqlstate(error) == _FOREIGN_KEY:
        return NotFound("What it answers, or where it was to go, has been taken away just now.")
    if isinstance(error, DataError):
        return Invalid("The database can't hold this message.")
    # Met only when the same id went to two channels at the same moment.
    if isinstance(error, IntegrityError) and violates(error, "messages_once"):
        return Conflict()
    reference = secrets.token_hex(6)
    logger.error("reference %s: a message was not committed", reference, exc_info=error)
    return Internal(reference)


def _was_deadlock(error: Exception) -> bool:
    return _sqlstate(error) in ("40P01", "40001")


def _sqlstate(error: Exception) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
