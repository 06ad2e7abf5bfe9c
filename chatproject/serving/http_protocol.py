"""uvicorn's HTTP protocol with a clock and a bound at every stage of a connection.

Before a head, in it, after an answer, while the answer is not read. Bodies have theirs in bodies.py.
"""

import asyncio
import contextlib
import fcntl
import sys
import termios
from typing import Any

import httptools
from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from chatproject.serving import handshakes, refusals
from chatproject.serving.descriptors import Reserve
from chatproject.serving.refusals import Refusal
from delivery import node

#: The most lines of one head: a line costs more than its bytes.
MOST_HEADERS = 256
#: How many requests are read ahead of their answers; then the connection ends after the last of them.
MOST_PIPELINED = 16
#: The most pieces of one chunked body: a piece costs more than its bytes.
MOST_CHUNKS = 4096
#: A client with so many unread bytes that asks for more gets no further answers.
MOST_UNREAD_BYTES = 64 * 1024
#: The least rate at which an answer is read; slower, the connection is cut.
LEAST_READ_BYTES, READ_CHECK_SECONDS = 10 * 1024, 10.0
#: After a refusal the client may still be sending: its bytes are read for a moment, or the answer would be lost.
LINGER_SECONDS, LINGER_BYTES = 1.0, 256 * 1024

#: To uvicorn: as if the client had asked that the connection ends with the answer.
CLOSING = (b"connection", b"close")

#: Of this process.
reserve = Reserve()


class PatientHttpProtocol(HttpToolsProtocol):
    """One connection. A refusal is written as bytes here, because there is no request yet that an application could answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_head = True
        self._has_asked = False
        #: Since the last thing that was understood: a whole head, a piece of a body, the end of a message.
        self._bytes_for_nothing = 0
        self._has_progressed = False
        self._refusal = refusals.NOT_UNDERSTOOD
        self._is_over = False
        self._bytes_read_away = 0
        self._chunks = 0
        self._answering: RequestResponseCycle | None = None
        self._head_clock: asyncio.TimerHandle | None = None
        self._read_clock: asyncio.TimerHandle | None = None

    @property
    def is_coming_in(self) -> bool:
        """Whether the connection has no complete request yet."""
        return not self._has_asked and not self._is_over and not self.transport.is_closing()

    # ---- what uvicorn and the event loop call ----

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()
        if not reserve.is_left(transport.get_extra_info("socket").fileno()):
            # Not lingered over: that would keep the descriptor.
            self._is_over = True
            transport.write(refusals.as_bytes(refusals.NO_CONNECTION))
            self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clocks()
        self._give_up_cycles()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._is_in_head and self._head_clock is None:
            self._await_head()
        rest = memoryview(data)
        while rest and not self._is_over:
            piece = rest[: settings.LIMITS.head_bytes - self._bytes_for_nothing]
            rest = rest[len(piece) :]
            self._take(piece)
        if self._is_over:
            self._read_away(len(data))

    def _take(self, piece: memoryview) -> None:
        self._has_progressed = False
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserError:
            self._refuse(self._refusal)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        else:
            self._bytes_for_nothing = 0 if self._has_progressed else self._bytes_for_nothing + len(piece)
            if self._bytes_for_nothing >= settings.LIMITS.head_bytes:
                self._refuse(refusals.HEAD_TOO_BIG if self._is_in_head else refusals.NOT_UNDERSTOOD)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_in_head:
            # A trailer: what comes after the body is no part of the head that was judged.
            return
        if len(self.headers) >= MOST_HEADERS:
            self._refusal = refusals.HEAD_TOO_BIG
            raise ValueError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_PIPELINED:
            raise ValueError
        before = self.cycle
        super().on_headers_complete()
        # A handshake makes no cycle: its clock runs until it is handed on.
        if self.cycle is not before:
            self._is_in_head, self._has_progressed, self._has_asked = False, True, True
            self._end_with_this()
            self._chunks = 0
            self._stop_head_clock()

    def _end_with_this(self) -> None:
        running = node.running()
        if running is not None and running.is_draining:
            # The next request goes to a process that stays.
            self.cycle.keep_alive = False
            self.headers.append(CLOSING)

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > MOST_CHUNKS:
            raise ValueError

    def on_body(self, body: bytes) -> None:
        self._has_progressed = True
        if not self._is_in_head:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_in_head:
            self._is_in_head, self._has_progressed = True, True
            super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        if self.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            self._close()
        else:
            super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and (self.cycle.more_body or self._is_over):
            # What is left of a body that nobody reads is not waited for.
            self._close()
        elif self.transport.is_closing():
            self._watch_reading()

    def timeout_keep_alive_handler(self) -> None:
        self._close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_read_clock()
        if self.transport.is_closing():
            self._watch_reading()

    # ---- upgrades ----

    def _upgrade(self) -> None:
        if not self._should_upgrade():
            # An upgrade that is not on offer is an ordinary request, and the connection's last.
            self.cycle.keep_alive = False
            self._is_over = True
        elif self._is_answering():
            self._refuse(refusals.NOT_UNDERSTOOD)
        else:
            self._stop_clocks()
            self._is_over = True
            self.handle_websocket_upgrade()
            # It holds this protocol, which is needed no more: both would be in memory until the cycles are looked for.
            self.parser = None  # type: ignore[assignment]

    def handle_websocket_upgrade(self) -> None:
        accept = handshakes.accepts(self.scope["method"], self.url, self.headers)
        if accept is None:
            super().handle_websocket_upgrade()
            return
        self.connections.discard(self)
        protocol: Any = self.ws_protocol_class
        protocol = protocol(config=self.config, server_state=self.server_state, app_state=self.app_state)
        protocol.begin(self.transport, self.scope, self.url, accept=accept)
        self.transport.set_protocol(protocol)

    # ---- how it ends ----

    def _refuse(self, refusal: Refusal) -> None:
        """Stops reading. Valid requests are answered first; then, or at once, the connection ends."""
        self._is_over = True
        self._stop_head_clock()
        if not self._is_answering():
            self._say(refusal)
        elif self._is_in_head:
            self.cycle.keep_alive = False
        elif self.pipeline or self.cycle.response_started:
            self._close()
        else:
            self._give_up_cycles()
            self._say(refusal)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _say(self, refusal: Refusal) -> None:
        self.transport.write(refusals.as_bytes(refusal))
        self._head_clock = self.loop.call_later(LINGER_SECONDS, self._close)

    def _give_up_cycles(self) -> None:
        # To the application the client has gone; uvicorn would tell only the newest of pipelined requests.
        for cycle in (self._answering, self.cycle):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()
        self.flow.resume_writing()

    def _read_away(self, count: int) -> None:
        self._bytes_read_away += count
        if self._bytes_read_away > LINGER_BYTES and not self.flow.read_paused:
            self.transport.pause_reading()

    def _close(self) -> None:
        self._give_up_cycles()
        self.transport.close()
        self._watch_reading()

    # ---- clocks ----

    def _await_head(self) -> None:
        self._head_clock = self.loop.call_later(settings.LIMITS.head_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_clock = None
        if self.transport.is_closing():
            return
        if self._bytes_for_nothing or self._is_answering():
            self._refuse(refusals.HEAD_TOO_SLOW)
        else:
            # Nothing was asked: nothing is answered.
            self._close()

    def _watch_reading(self) -> None:
        if self._read_clock is None:
            unread = self._unread()
            if unread:
                self._read_clock = self.loop.call_later(READ_CHECK_SECONDS, self._judge_reading, unread)

    def _unread(self) -> int:
        waiting = self.transport.get_write_buffer_size()
        if waiting:
            # The kernel says that there is room only once there is much of it: what it holds counts too.
            with contextlib.suppress(OSError):
                held = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
                waiting += int.from_bytes(held, sys.byteorder)
        return waiting

    def _judge_reading(self, unread_before: int) -> None:
        self._read_clock = None
        if unread_before - self._unread() < LEAST_READ_BYTES:
            self._give_up_cycles()
            self.transport.abort()
        else:
            self._watch_reading()

    def _stop_head_clock(self) -> None:
        if self._head_clock is not None:
            self._head_clock.cancel()
            self._head_clock = None

    def _stop_clocks(self) -> None:
        self._stop_head_clock()
        self._stop_read_clock()

    def _stop_read_clock(self) -> None:
        if self._read_clock is not None:
            self._read_clock.cancel()
            self._read_clock = None
