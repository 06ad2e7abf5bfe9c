"""Reads of the event loop: over a line if one is free, else in a thread; both ask the same statements."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError

from delivery.asking.lines import Line, Lines
from delivery.source import Reading, Source
from delivery.threads import DatabaseThreads

P = ParamSpec("P")
T = TypeVar("T")


class Reads:
    """Where PostgreSQL does not answer a line, or refuses, a thread asks again, and tries more than once."""

    def __init__(self, lines: Lines, source: Source, threads: DatabaseThreads) -> None:
        self._lines = lines
        self._source = source
        self._threads = threads

    async def read(self, reading: Callable[P, Reading[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What it has found. Raises what the last attempt of a thread raised."""
        line = self._lines.take()
        if line is not None:
            try:
                return await _asked(line, reading(*args, **kwargs))
            except (OperationalError, _Refused):
                # A thread says what is amiss, or finds a connection that has none of it.
                pass
            finally:
                self._lines.give_back(line)
        found = await self._threads.read(lambda: self._source.found(reading(*args, **kwargs)))
        self._lines.fetch()
        return found


class _Refused(Exception):
    pass


async def _asked(line: Line, reading: Reading[T]) -> T:
    try:
        asked = next(reading)
        while True:
            rows = await line.read(asked)
            if rows is None:
                raise _Refused
            asked = reading.send(rows)
    except StopIteration as found:
        value: T = found.value
        return value
