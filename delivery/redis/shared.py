"""Redis for the event loop over one connection that all commands share: each goes out at once, and answers come in their order.

redis-py connects, says who we are and finds the primary. What it does around each command (a pool, locks, timers, a reader's turns)
costs five times the command, so from then on bytes are written and read here.
"""

import asyncio
import errno
import functools
from collections import deque
from collections.abc import Iterable
from typing import Any

import hiredis
from redis import asyncio as aioredis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError, InvalidResponse, NoScriptError, ReadOnlyError, TimeoutError

from delivery.tasks import answer_within

#: Of an answer that is not all there yet.
_INCOMPLETE = object()


class SharedRedis(aioredis.Redis):
    """A client whose commands share one connection; pipelines and subscriptions have their own.

    `socket_timeout` of the pool bounds each command, in seconds.
    """

    def __init__(self, *, connection_pool: aioredis.ConnectionPool) -> None:
        connection_class: Any = connection_pool.connection_class
        connection_pool.connection_class = _honest(connection_class)
        super().__init__(connection_pool=connection_pool)
        self._patience: float = connection_pool.connection_kwargs["socket_timeout"]
        self._connecting = asyncio.Lock()
        self._failures = 0
        self._line: _Line | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Sends a command and returns its answer. A cancelled wait disturbs no other command. Nothing is repeated."""
        line = self._line
        if line is None or not line.is_open:
            line = await self._connected()
            if not line.is_open:
                raise ConnectionError("Redis has ended the connection at once")
        answer = await line.ask(args)
        callback: Any = self.response_callbacks.get(args[0])
        options.pop("keys", None)
        return answer if callback is None else callback(answer, **options)

    def register_script(self, script: str | bytes | memoryview) -> AsyncScript:  # type: ignore[override]
        return _Script(self, script)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        if self._line is not None:
            self._line.close()
        await super().aclose(close_connection_pool)

    async def _connected(self) -> "_Line":
        failures = self._failures
        async with self._connecting:
            if self._failures != failures:
                # Who comes behind would wait as long again, one after the other.
                raise ConnectionError("Redis could not be reached just now")
            if self._line is None or not self._line.is_open:
                try:
                    self._line = await self._connect()
                except Exception:
                    self._failures += 1
                    raise
            return self._line

    async def _connect(self) -> "_Line":
        connection: Any = self.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        await answer_within(self._patience, connection.connect())
        return _Line(connection, self._patience)


class _Script(AsyncScript):
    """redis-py's own looks up twice at each call whether its client is a pipeline."""

    async def __call__(self, keys: Any = None, args: Any = None, client: Any = None) -> Any:
        keys, args = keys or (), args or ()
        try:
            return await (client or self.registered_client).execute_command(
                "EVALSHA", self.sha, len(keys), *keys, *args
            )
        except NoScriptError:
            return await super().__call__(keys, args, client)


class _Line(asyncio.Protocol):
    """A connection of redis-py with its unanswered commands. If one answer is late, all of them fail."""

    def __init__(self, connection: Any, patience: float) -> None:
        self._connection = connection
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(
            protocolError=InvalidResponse, replyError=connection._parser.parse_error, notEnoughData=_INCOMPLETE
        )
        #: The waiting commands, each with its deadline.
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._unsent: list[bytes] = []
        self._looking: asyncio.TimerHandle | None = None
        self._is_late = False
        self._transport: asyncio.Transport = connection._writer.transport
        self._transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    def ask(self, words: tuple[Any, ...]) -> asyncio.Future[Any]:
        # redis-py says some commands as one word ("SCRIPT LOAD").
        packed = hiredis.pack_command((*words[0].split(), *words[1:]))
        if not self._waiting:
            self._transport.write(packed)
        else:
            # Redis is at work: what is asked in the same turn goes in one write.
            self._unsent.append(packed)
            if len(self._unsent) == 1:
                self._loop.call_soon(self._send)
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((answer, self._loop.time() + self._patience))
        if self._looking is None:
            self._looking = self._loop.call_later(self._patience, self._look)
        return answer

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self.is_open:
            self._transport.write(b"".join(unsent))

    def close(self) -> None:
        """Closes the connection. Repeating does nothing."""
        self._give_up(ConnectionError("the connection to Redis was closed"))

    def data_received(self, data: bytes) -> None:
        self._is_late = False
        try:
            self._reader.feed(data)
            while (said := self._reader.gets()) is not _INCOMPLETE:
                # What nobody asked for is of the server's own upkeep.
                if not isinstance(said, hiredis.PushNotification):
                    self._answer(said)
        except (InvalidResponse, IndexError) as error:
            self._give_up(ConnectionError(f"Redis said what was not understood: {error!r}"))

    def connection_lost(self, error: Exception | None) -> None:
        self._give_up(ConnectionError(f"Redis has ended the connection: {error}"))

    def _answer(self, said: Any) -> None:
        answer, _ = self._waiting.popleft()
        if not self._waiting:
            # Nobody waits: a timer that runs out wakes the process, which costs more than a command.
            self._look_no_more()
        if isinstance(said, ReadOnlyError):
            # It was the primary: the next connection goes to the one that is it now.
            self.close()
        if answer.done():
            return
        if isinstance(said, Exception):
            answer.set_exception(said)
        else:
            answer.set_result(said)

    def _look(self) -> None:
        self._looking = None
        if not self._waiting:
            return
        late = self._loop.time() - self._waiting[0][1]
        if late < 0:
            self._looking = self._loop.call_later(-late, self._look)
        elif not self._is_late:
            # That this loop was late is not Redis' fault: it is waited for once more, for as long as that was.
            self._is_late = True
            self._looking = self._loop.call_later(min(late, self._patience), self._look)
        else:
            self._give_up(TimeoutError(f"Redis has not answered within {self._patience} s"))

    def _look_no_more(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _give_up(self, error: Exception) -> None:
        self._look_no_more()
        # Not in its own time: a Redis that stands still would not take what is unsent.
        self._transport.abort()
        self._connection._close()
        waiting, self._waiting = self._waiting, deque()
        for answer, _ in waiting:
            if not answer.done():
                answer.set_exception(error)


class _Honest:
    """uvloop answers a write to a connection that has just gone with a RuntimeError, as if it were a mistake of ours."""

    async def _send_packed_command(self, command: Iterable[bytes]) -> None:
        try:
            await super()._send_packed_command(command)  # type: ignore[misc]
        except RuntimeError as error:
            raise ConnectionResetError(errno.ECONNRESET, str(error)) from error


@functools.cache
def _honest(connection_class: Any) -> Any:
    return type(connection_class.__name__, (_Honest, connection_class), {})
