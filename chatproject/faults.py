"""Finds the expected fault that a line of the log is about: something that we depend on is away, full or used up."""

import asyncio
import errno
import logging
from enum import Enum
from typing import Any

from django.core.exceptions import SuspiciousOperation
from psycopg.errors import LockNotAvailable

from delivery.service_errors import chain, service_away


class Fault(Enum):
    """The faults, each with its subject and its state. A line names its fault by `extra={"away": subject}`, or by its error."""

    REDIS = "Redis", "away", "is", "was"
    POSTGRESQL = "PostgreSQL", "away", "is", "was"
    MAIL = "the mail server", "away", "is", "was"
    MAILBOX = "the mailbox", "out of reach", "is", "was"
    FILES = "the storage of files", "away", "is", "was"
    DISK = "the disk", "full", "is", "was"
    DESCRIPTORS = "open files", "used up", "are", "were"
    LOCK = "a row", "locked", "is", "was"

    def __init__(self, subject: str, matter: str, present: str, past: str) -> None:
        self.subject = subject
        #: Whether the process notices by itself that it lasts: the bus listens, the pool reconnects, a row is tried again.
        self.is_asked_about = subject in ("Redis", "PostgreSQL", "a row")
        self.begins = f"{subject} {present} {matter}"
        self.still = f"{subject} {present} still {matter}"
        self.was = f"{subject} {past} {matter}"


#: A line that contains so many letters of an error's text has told the error.
_SAID_LETTERS = 40
_BY_SUBJECT = {fault.subject: fault for fault in Fault}
#: Whatever these warn of is that what they lead to is not there, though they don't always say so by an error.
_BY_LOGGER = {"psycopg.pool": Fault.POSTGRESQL, "channels_redis.pubsub": Fault.REDIS}
_BY_ERRNO = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), Fault.DISK),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), Fault.DESCRIPTORS),
}


def fault_in(record: logging.LogRecord) -> Fault | None:
    # The error itself is more exact than the caller that gives up.
    found = (_of_error(error) for error in errors_in(record))
    said = _BY_SUBJECT.get(getattr(record, "away", None) or "")
    return next(filter(None, found), None) or said or _by_logger(record)


def errors_in(record: logging.LogRecord) -> list[BaseException]:
    """The raised errors, and those that the line names."""
    # structlog's events come as a dict.
    event: dict[str, Any] = record.msg if isinstance(record.msg, dict) else {}
    args = record.args if isinstance(record.args, tuple) else ()
    found = [*args, event.get("exc_info"), event.get("exception")]
    for raised in (record.exc_info, event.get("exc_info")):
        found += raised[1:2] if isinstance(raised, tuple) else []
    return [error for error in found if isinstance(error, BaseException)]


def reason_in(record: logging.LogRecord) -> str:
    """The line's text, on one line, with its error."""
    says = record.msg.get("event", "") if isinstance(record.msg, dict) else record.getMessage()
    first = says.splitlines()[0] if says else record.name
    reason = " ".join(str(next(iter(errors_in(record)), "")).split())
    is_said = not reason or reason[:_SAID_LETTERS] in " ".join(first.split())
    return first if is_said else f"{first} ({reason})"


def say_in_one_line(record: logging.LogRecord, sentence: str) -> None:
    """Makes the line a warning with this text, without a traceback."""
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    if isinstance(record.msg, dict):
        record.msg = {key: value for key, value in record.msg.items() if key not in ("exc_info", "exception")} | {
            "event": sentence
        }
    else:
        record.msg, record.args = sentence, ()
    record.exc_info = record.exc_text = record.stack_info = None


def without_the_clients_faults(record: logging.LogRecord) -> None:
    """Makes errors that any client can cause no errors of ours, without a traceback: a too long redirect, too many fields."""
    error = record.exc_info[1] if record.exc_info else None
    is_invalid_text = record.name == "uvicorn.error" and isinstance(error, UnicodeDecodeError)
    if is_invalid_text or isinstance(error, SuspiciousOperation):
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.exc_info = record.exc_text = None


def is_given_up_at_the_end(record: logging.LogRecord) -> bool:
    """Whether the line is about requests that are given up at the end of the drain: uvicorn itself logs how many it cancels."""
    error = record.exc_info[1] if record.exc_info else None
    return record.name == "uvicorn.error" and isinstance(error, asyncio.CancelledError)


def _by_logger(record: logging.LogRecord) -> Fault | None:
    return _BY_LOGGER.get(record.name) if record.levelno >= logging.WARNING else None


def _of_error(error: BaseException) -> Fault | None:
    away = service_away(error)
    if away is not None:
        return _BY_SUBJECT[away]
    if any(isinstance(each, LockNotAvailable) for each in chain(error)):
        return Fault.LOCK
    numbers = (each.errno for each in chain(error) if isinstance(each, OSError))
    return next((_BY_ERRNO[number] for number in numbers if number in _BY_ERRNO), None)
