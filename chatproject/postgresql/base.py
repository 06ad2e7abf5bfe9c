"""Django's PostgreSQL, but that a pooled connection is asked once what is in force on it, and then whether it lives only when
it looks as if it did not: asking each time is a round trip for every use, as much as the work of most.
"""

import functools
import select
from typing import Any

import psycopg
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.utils import DatabaseErrorWrapper, OperationalError
from django_prometheus.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

from chatproject.postgresql.effective import read_back, shortcomings
from chatproject.postgresql.pool import Connection, Pool
from delivery.async_sql.patience import patient_once

# The class that counts statements is made once, not for every use of the database.
base.ExportingCursorWrapper = functools.cache(base.ExportingCursorWrapper)


#: Nothing is amiss with what was asked: the server is a standby now, or it has ended the session of a transaction that took too
#: long (this process was stopped meanwhile, or a clock was set). psycopg calls them internal errors.
_AWAY = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)


class _Errors(DatabaseErrorWrapper):
    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, _AWAY):
            self.wrapper.errors_occurred = True  # type: ignore[attr-defined]
            raise OperationalError(*error.args).with_traceback(trace) from error
        super().__exit__(kind, error, trace)


class DatabaseWrapper(base.DatabaseWrapper):
    @functools.cached_property
    def wrap_database_errors(self) -> _Errors:
        return _Errors(self)

    @property
    def pool(self) -> Any:
        options = self.settings_dict["OPTIONS"].get("pool")
        if options and self.alias != NO_DB_ALIAS and self.alias not in self._connection_pools:
            pool = Pool(
                connection_class=Connection,
                kwargs={**self.get_connection_params(), "autocommit": True},
                open=False,
                configure=self._take_in,
                check=check_what_looks_dead,
                **options,
            )
            # Two threads may come here at once: the first one's is taken.
            self._connection_pools.setdefault(self.alias, pool)
        return super().pool

    def chunked_cursor(self) -> Any:
        # Outside of a transaction a pooler may give the next statement to another connection, which knows nothing of the cursor.
        return super().chunked_cursor() if self.in_atomic_block else self.cursor()

    def _take_in(self, raw: "psycopg.Connection[Any]") -> None:
        # Raised, it is the reason that the pool logs, and nothing is said to be kept that might be lost.
        with patient_once():
            found = read_back(raw)
        for short in shortcomings(found):
            raw.close()
            raise psycopg.OperationalError(f"{short.says} {short.do}")
        if found.is_pooled:
            # The next statement may be another connection's, which has prepared nothing of ours.
            raw.prepare_threshold = None
        self._configure_connection(raw)


def check_what_looks_dead(connection: "psycopg.Connection[Any]") -> None:
    """Raises what PostgreSQL or the network said while the connection was not in use: its goodbye, mostly."""
    looked_at = select.poll()
    looked_at.register(connection.fileno(), select.POLLIN)
    if looked_at.poll(0):
        ConnectionPool.check_connection(connection)
