"""Connections to PostgreSQL that the event loop uses itself: it sends statements and reads their rows without a thread.

A thread takes each connection from Django's pool. It goes back when it was unused for a while, and is closed after any error.
"""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import OperationalError, connections
from psycopg import pq
from psycopg.adapt import Transformer

from delivery.source import Asked, Question, Row, Rows, numbered
from delivery.tasks import Nursery
from delivery.threads import IDLE_SECONDS, DatabaseThreads, KeepingThreads

logger = logging.getLogger("gapless.lines")

#: These undid the transaction: it may be tried again.
_DEADLOCK = ("40P01", "40001")
_numbers = itertools.count()
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class LoopConnection:
    """One connection, with at most one statement under way. Belongs to the event loop that creates it."""

    def __init__(self, raw: "psycopg.Connection[Any]") -> None:
        self.used_at = time.monotonic()
        self.is_well, self._is_given_back = True, False
        self._raw = raw
        self._loop = asyncio.get_running_loop()
        # The next statement of one behind a pooler may be another connection's, which has prepared nothing of ours.
        self._prepares = raw.prepare_threshold is not None
        self._prepared: dict[str, bytes] = {}
        self._answer: asyncio.Future[list[pq.abc.PGresult]] | None = None
        self._results: list[pq.abc.PGresult] = []
        # Times as PostgreSQL sends them: Django's way takes ten times as long.
        self._loading = Transformer()
        raw.pgconn.nonblocking = 1
        self._socket = raw.pgconn.socket
        self._loop.add_reader(self._socket, self._read)

    async def ask(self, question: Question) -> Row | None:
        """Runs a statement and returns its one row; None if PostgreSQL refused it, and nothing was done.

        Raises OperationalError if the outcome is unknown. After a cancelled wait the outcome is unknown too, and the connection is
        not used again.
        """
        try:
            return await self._ask(question)
        finally:
            self._leave()

    async def read(self, asked: Sequence[Asked]) -> list[Rows] | None:
        """Runs these statements in one round trip and one transaction; returns the rows of each, None if PostgreSQL refused one.

        Raises OperationalError if PostgreSQL is away.
        """
        try:
            return await self._together(asked)
        finally:
            self._leave()

    def close(self) -> None:
        """Gives the connection back to Django's pool, closed if it is not well. Repeating does nothing."""
        if self._is_given_back:
            return
        self._is_given_back, is_well, self.is_well = True, self.is_well, False
        # The loop may have ended.
        with contextlib.suppress(RuntimeError):
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        if is_well:
            self._raw.pgconn.nonblocking = 0
        else:
            # One that was cut is closed already: the pool has counted it all the same, until it is given back.
            self._raw.close()
        connections["default"].pool.putconn(self._raw)  # type: ignore[attr-defined]

    def _leave(self) -> None:
        # What PostgreSQL refuses leaves the connection as it was; in a pipeline nobody knows what was prepared.
        pg = self._raw.pgconn
        is_settled = self._answer is None and pg.transaction_status == pq.TransactionStatus.IDLE
        self.is_well = self.is_well and is_settled and not pg.pipeline_status
        self.used_at = time.monotonic()

    async def _ask(self, question: Question) -> Row | None:
        pg, sql = self._raw.pgconn, question.sql
        name = self._prepared.get(sql)
        try:
            if name is None and self._prepares:
                name = _new_name()
                pg.send_prepare(name, sql.encode())
                if not _are_done(await self._sent()):
                    return None
                self._prepared[sql] = name
            if name is None:
                pg.send_query_params(sql.encode(), question.parameters)
            else:
                pg.send_query_prepared(name, question.parameters)
            answers = await self._sent()
            is_done = _are_done(answers)
        except psycopg.OperationalError as error:
            raise OperationalError(*error.args) from error
        return [answers[0].get_value(0, column) for column in range(answers[0].nfields)] if is_done else None

    async def _together(self, asked: Sequence[Asked]) -> list[Rows] | None:
        pg = self._raw.pgconn
        try:
            pg.enter_pipeline_mode()
            for sql, parameters in asked:
                self._send(sql, [spelled.encode() for spelled in parameters])
            pg.pipeline_sync()
            answers = await self._sent()
            if not _are_done(answers):
                return None
            pg.exit_pipeline_mode()
        except psycopg.OperationalError as error:
            raise OperationalError(*error.args) from error
        return [self._rows(answer) for answer in answers if answer.status == pq.ExecStatus.TUPLES_OK]

    def _send(self, sql: str, parameters: Sequence[bytes]) -> None:
        pg, name = self._raw.pgconn, self._prepared.get(sql)
        if name is None and self._prepares:
            name = self._prepared[sql] = _new_name()
            pg.send_prepare(name, numbered(sql).encode())
        if name is None:
            pg.send_query_params(numbered(sql).encode(), parameters, result_format=pq.Format.BINARY)
        else:
            pg.send_query_prepared(name, parameters, result_format=pq.Format.BINARY)

    def _rows(self, answer: "pq.abc.PGresult") -> Rows:
        self._loading.set_pgresult(answer)
        return self._loading.load_rows(0, answer.ntuples, tuple)

    async def _sent(self) -> "list[pq.abc.PGresult]":
        self._answer = self._loop.create_future()
        if self._raw.pgconn.flush():
            self._loop.add_writer(self._socket, self._write)
        answers = await self._answer
        if not answers:
            raise psycopg.OperationalError("PostgreSQL ended the connection")
        return answers

    def _write(self) -> None:
        try:
            if self._raw.pgconn.flush():
                return
        except psycopg.OperationalError as error:
            self._fail(error)
        self._loop.remove_writer(self._socket)

    def _read(self) -> None:
        waiting, pg = self._answer, self._raw.pgconn
        if waiting is None:
            # Its goodbye, mostly: who is not asked has nothing to say.
            self.is_well = False
            self._loop.remove_reader(self._socket)
            return
        try:
            pg.consume_input()
            self._collect(waiting)
        except psycopg.OperationalError as error:
            self._fail(error)

    def _collect(self, waiting: "asyncio.Future[list[pq.abc.PGresult]]") -> None:
        pg, is_pipeline, was_last = self._raw.pgconn, self._raw.pgconn.pipeline_status, False
        # It is ready for another question only when there is no further result, which may come in a piece of its own.
        while not pg.is_busy():
            result = pg.get_result()
            if result is None and (was_last or not is_pipeline):
                self._settle(waiting)
                return
            if result is not None and result.status == pq.ExecStatus.PIPELINE_SYNC:
                self._settle(waiting)
                return
            # In a pipeline each statement has an end of its own.
            was_last = result is None
            if result is not None:
                self._results.append(result)

    def _settle(self, waiting: "asyncio.Future[list[pq.abc.PGresult]]") -> None:
        results, self._results, self._answer = self._results, [], None
        if not waiting.done():
            waiting.set_result(results)

    def _fail(self, error: Exception) -> None:
        self._loop.remove_reader(self._socket)
        waiting, self._answer = self._answer, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)


class LoopConnections:
    """Up to `most` connections. While none is free, `threads` run the statements; they also open the connections."""

    def __init__(self, most: int, threads: KeepingThreads | DatabaseThreads, nursery: Nursery) -> None:
        self._most = most
        self._threads = threads
        self._nursery = nursery
        self._free: list[LoopConnection] = []
        self._count = 0
        self._is_fetching = False
        self._tidying: asyncio.TimerHandle | None = None
        self._is_closed = False

    def take(self) -> LoopConnection | None:
        """Takes a free connection until `give_back`; None if there is none."""
        while self._free:
            connection = self._free.pop()
            if connection.is_well:
                return connection
            self._end(connection)
        return None

    def give_back(self, connection: LoopConnection, *, is_new: bool = False) -> None:
        """`is_new`: it is taken after the others. Each is a process of PostgreSQL, which must plan every statement for itself."""
        if not connection.is_well or self._is_closed:
            self._end(connection)
            return
        self._free.insert(0 if is_new else len(self._free), connection)
        if self._tidying is None:
            self._tidying = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._tidy)

    def fetch(self) -> None:
        """Opens another if none is free. Call it after an answer of PostgreSQL. One at a time: a thread may wait for the pool."""
        if not (self._free or self._is_fetching or self._is_closed) and self._count < self._most:
            self._is_fetching = True
            self._nursery.start(self._fetch())

    def close(self) -> None:
        """Closes the free connections now, and those in use when they are given back."""
        self._is_closed = True
        if self._tidying is not None:
            self._tidying.cancel()
        while self._free:
            self._end(self._free.pop())

    async def _fetch(self) -> None:
        try:
            connection = _made(await self._threads.run(_borrowed))
        except Exception as error:
            logger.info("there is no line to PostgreSQL, threads ask it: %r", error)
        else:
            self._count += 1
            self.give_back(connection, is_new=True)
        finally:
            self._is_fetching = False

    def _tidy(self) -> None:
        since = time.monotonic() - IDLE_SECONDS
        self._tidying = None
        idle = [connection for connection in self._free if connection.used_at <= since or not connection.is_well]
        self._free = [connection for connection in self._free if connection not in idle]
        for connection in idle:
            self._end(connection)
        if self._free:
            self._tidying = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._tidy)

    def _end(self, connection: LoopConnection) -> None:
        self._count -= 1
        connection.close()


def _new_name() -> bytes:
    # The user of the connection before has prepared other statements.
    return b"line_%d" % next(_numbers)


def _made(raw: "psycopg.Connection[Any]") -> LoopConnection:
    try:
        return LoopConnection(raw)
    except BaseException:
        raw.close()
        connections["default"].pool.putconn(raw)  # type: ignore[attr-defined]
        raise


def _borrowed() -> "psycopg.Connection[Any]":
    pool: Any = connections["default"].pool  # type: ignore[attr-defined]
    pool.open()
    return pool.getconn()


def _are_done(answers: "Sequence[pq.abc.PGresult]") -> bool:
    """False when PostgreSQL undid it for a reason of the question. Raises psycopg.OperationalError when it could not see to it."""
    for answer in answers:
        if answer.status not in _DONE:
            error = psycopg.errors.error_from_result(answer)
            if isinstance(error, psycopg.OperationalError) and error.sqlstate not in _DEADLOCK:
                raise error
            return False
    return True
