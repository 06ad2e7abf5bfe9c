"""The epoch: numbers can be compared within one epoch only; a restore, a promotion or a rolled-back disk begins another.

It is made of values that a rewind changes by itself (the cluster's identifier, the timeline of the current WAL file, the database
and the table, which a dump makes anew) and of a nonce that `begin_epoch` changes, for rewinds that change none of these.
"""

import functools
import hashlib
import logging
from typing import Any

from django.db import connection, transaction

from chat import prepared_sql
from delivery.bus import announcing
from delivery.bus.announcements import EpochBegan
from delivery.source import LogPosition, Reading

logger = logging.getLogger("gapless.epochs")

#: Values that a restricted role may be denied, with the functions that they need. "After a promotion pg_control_checkpoint() may
#: still show the old timeline", so it is not used; the flushed position survives a crash, the written one may not.
_PARTS = {
    "(SELECT system_identifier FROM pg_control_system())::text": ("pg_control_system()",),
    "left(pg_walfile_name(pg_current_wal_lsn()), 8)": ("pg_walfile_name(pg_lsn)", "pg_current_wal_lsn()"),
}
_POSITION = {"(pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint": ("pg_current_wal_flush_lsn()",)}
_FUNCTIONS = sorted({function for functions in (*_PARTS.values(), *_POSITION.values()) for function in functions})
_LEFT_OUT = (
    "SELECT f FROM unnest(%s::text[]) AS f WHERE NOT has_function_privilege(f, 'EXECUTE')",
    ["{{{}}}".format(",".join(f'"{function}"' for function in _FUNCTIONS))],
)


def read_log_position() -> LogPosition:
    """The present epoch, and the position of the database's log in it."""
    log, _ = _read()
    return log


def begin_epoch(*, after: str | None = None) -> str:
    """Begins a new epoch, unless `after` has ended already; all sockets must reconnect. Returns the present epoch."""
    with transaction.atomic():
        log, nonce = _read()
        if after in (None, log.epoch):
            with connection.cursor() as cursor:
                cursor.execute("UPDATE epochs SET nonce = gen_random_uuid()::text WHERE nonce = %s", [nonce])
            log, _ = _read()
            transaction.on_commit(lambda: announcing.announce([EpochBegan(epoch=log.epoch)]))
    return log.epoch


def left_out() -> list[str]:
    """The functions that this database role may not call: their values are not part of the epoch."""
    return [function for (function,) in prepared_sql.rows(*_LEFT_OUT)]


def _read() -> tuple[LogPosition, str]:
    [row] = prepared_sql.rows(prepared_sql.run_reading(log_position_statement()), [])
    return log_position_in(row), row[1]


def log_position_in(row: tuple[Any, ...]) -> LogPosition:
    """The position in the row that `log_position_statement` returned."""
    position, nonce, *parts = row
    digest = hashlib.sha256("|".join(map(str, [nonce, *parts])).encode())
    return LogPosition(epoch=digest.hexdigest()[:20], position=position or 0)


def log_position_statement() -> Reading[str]:
    """The statement for readers who read other rows in the same round trip."""
    # If no function is denied this is asked once, else each time, so that a later grant counts for all processes at once.
    global _may_call_all
    denied: frozenset[str] = frozenset()
    if not _may_call_all:
        [found] = yield [_LEFT_OUT]
        denied = frozenset(function for (function,) in found)
    if denied:
        _warn(denied)
    _may_call_all = not denied
    return _statement(denied)


_may_call_all = False


@functools.cache
def _warn(denied: frozenset[str]) -> None:
    logger.warning("a rewind may go unseen: this database role may not call %s", ", ".join(sorted(denied)))


@functools.cache
def _statement(denied: frozenset[str]) -> str:
    parts = [part for part, functions in _PARTS.items() if not denied & set(functions)]
    [(position, functions)] = _POSITION.items()
    position = "NULL" if denied & set(functions) else position
    own = "(SELECT oid FROM pg_database WHERE datname = current_database()), 'messages'::regclass::oid"
    return f"SELECT {', '.join([position, 'nonce', own, *parts])} FROM epochs"  # noqa: S608 (nothing of anybody is in it)
