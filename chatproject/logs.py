"""Logs: one JSON object a line, with the request's or the connection's id, and never people's messages. For people: text."""

import atexit
import logging
import os
import re
from typing import Any

from chatproject.fault_filter import FaultFilter
from delivery.blocked_imports import blocked

# For logs of Twisted's, and for pictures of tracebacks, which would show the variables.
with blocked("twisted", "rich"):
    import structlog
    from structlog.typing import EventDict, Processor

FORMATS = ("json", "text")
#: The loggers to which LOG_LEVEL applies.
OURS = ("gapless", "django_structlog")
#: The text that PostgreSQL adds to a refused row: the row itself.
_DETAIL = re.compile(r"(DETAIL|CONTEXT): .*")


def configuration(*, form: str, level: str) -> dict[str, Any]:
    """The value of Django's LOGGING; also configures structlog."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        with_process,
        # As plain text: structlog's own tracebacks would show the variables, and bodies with them.
        structlog.processors.format_exc_info,
        without_rows,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)
    renderer = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "filters": {"outages": {"()": _to_the_end}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["outages"]}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": _loggers(level),
    }


def with_process(logger: Any, method: str, event: EventDict) -> EventDict:
    """Adds the process to a line."""
    event["process"] = os.getpid()
    return event


def without_rows(logger: Any, method: str, event: EventDict) -> EventDict:
    """Removes the refused row from PostgreSQL's errors."""
    for key in ("event", "exception"):
        if isinstance(event.get(key), str):
            event[key] = _DETAIL.sub(r"\1: (not logged)", event[key])
    return event


def _to_the_end() -> FaultFilter:
    outages = FaultFilter()
    # Before logging's own end, which was registered earlier.
    atexit.register(outages.say_what_was_kept)
    return outages


def _loggers(level: str) -> dict[str, Any]:
    return {
        **{name: {"level": level} for name in OURS},
        "django.request": {"level": "CRITICAL"},  # request_log.py says it, with its id
        # The same: where plain http is sent to https, Django meets a foreign Host before hosts.py does.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # It says why PostgreSQL lets nobody in; the pool itself only says that it waited.
        "psycopg.pool": {"level": "WARNING"},
        # Django's own handlers would write lines that are no JSON, or write them twice.
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
    }
