"""Reads of the event loop: over one of its connections if one is free, else in a thread; both run the same statements."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError

from delivery.async_sql.connections import LoopConnection, LoopConnections
from delivery.source import Reading, Source
from delivery.threads import DatabaseThreads

P = ParamSpec("P")
T = TypeVar("T")


class Reads:
    """Runs readings. If PostgreSQL does not answer the loop's connection, or refuses, a thread repeats the reading."""

    def __init__(self, connections: LoopConnections, source: Source, threads: DatabaseThreads) -> None:
        self._connections = connections
        self._source = source
        self._threads = threads

    async def read(self, reading: Callable[P, Reading[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Returns the reading's result. Raises the error of a thread's last attempt."""
        connection = self._connections.take()
        if connection is not None:
            try:
                return await _asked(connection, reading(*args, **kwargs))
            except (OperationalError, _Refused):
                # A thread says what is amiss, or finds a connection that has none of it.
                pass
            finally:
                self._connections.give_back(connection)
        found = await self._threads.read(lambda: self._source.found(reading(*args, **kwargs)))
        self._connections.fetch()
        return found


class _Refused(Exception):
    pass


async def _asked(connection: LoopConnection, reading: Reading[T]) -> T:
    try:
        asked = next(reading)
        while True:
            rows = await connection.read(asked)
            if rows is None:
                raise _Refused
            asked = reading.send(rows)
    except StopIteration as found:
        value: T = found.value
        return value
