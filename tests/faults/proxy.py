"""A TCP proxy that does to a connection what networks do: slow it, stall it, cut it, cut one way of it, chop it.

All proxies live in one loop in a thread of its own, so that a scenario may block and a proxy goes on. `apply` and `cut`
may be called from any thread and return when it is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import struct
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.faults.interruptions import Interruptions
from tests.faults.proxy_thread import ProxyThread

#: Bytes that wait in one direction of a stalled connection before its sender feels it.
MOST_WAITING_BYTES = 256 * 1024
#: Of the machine's own buffers, at each end of a connection.
BUFFER_BYTES = 64 * 1024
#: In what leaves for PostgreSQL with messages that are to be written, in one statement, which commits by itself: those of
#: post_drafts, or the digest that post_alone is given (34 bytes of text).
POSTING = re.compile(rb'"is_fresh":true|\x00\x00\x00\x22\\x[0-9a-f]{32}')
#: Between that having left for the server and the connection's end, for a snare that cuts.
SNARE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a proxy does to what passes. `up` is towards the server, `down` towards the client."""

    latency_seconds: float = 0
    jitter_seconds: float = 0
    #: Probability that a chunk resets its connection instead.
    resets: float = 0
    #: Bytes a write; 0: as they come.
    slice_bytes: int = 0
    stalls_up: bool = False
    stalls_down: bool = False
    #: New connections are reset at once.
    refuses: bool = False
    #: New connections are accepted, and that was all.
    is_silent: bool = False

    @property
    def is_clear(self) -> bool:
        return self is PASS or self == PASS

    def stalls(self, direction: str) -> bool:
        return self.stalls_up if direction == "up" else self.stalls_down


PASS = Fault()
STALL = Fault(stalls_up=True, stalls_down=True)
DEAF = Fault(stalls_down=True)
REFUSE = Fault(refuses=True)
SILENT = Fault(stalls_up=True, stalls_down=True, is_silent=True)


class Snare:
    """Waits for bytes on their way up; lets them pass, and nothing that the server answers on that connection any more."""

    def __init__(self, pattern: re.Pattern[bytes], *, times: int, cuts: bool) -> None:
        self.pattern = pattern
        self.left = times
        self.cuts = cuts
        self.caught = threading.Event()


class Proxy:
    """One listening port in front of one server, a Unix socket or (host, port). `name` is for reports."""

    def __init__(self, thread: ProxyThread, target: Path | tuple[str, int], *, name: str, seed: int = 0) -> None:
        self.name = name
        self.target = target
        self.fault = PASS
        self.snare: Snare | None = None
        self.chance = random.Random(f"{seed} {name}")
        self.connections: set[Side] = set()
        self.accepted = 0
        #: The times in which one direction or both were stalled.
        self.interruptions = Interruptions()
        self._thread = thread
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port = int(self._listener.getsockname()[1])
        asyncio.run_coroutine_threadsafe(self._listen(), thread.loop).result(10)

    async def _listen(self) -> None:
        self._server = await self._thread.loop.create_server(lambda: Side(self, "up"), sock=self._listener)

    def apply(self, fault: Fault) -> None:
        """From now on. What was stalled and is no longer goes on where it stopped."""
        self._thread.call(lambda: self._apply(fault))

    def cut(self, fault: Fault = PASS) -> None:
        """Resets every connection, and applies `fault` to what comes."""

        def cut() -> None:
            self._change(fault)
            for side in list(self.connections):
                side.reset()

        self._thread.call(cut)

    def set_snare(self, pattern: re.Pattern[bytes], *, times: int = 1, cuts: bool = True) -> Snare:
        snare = Snare(pattern, times=times, cuts=cuts)
        self._thread.call(lambda: setattr(self, "snare", snare))
        return snare

    def close(self) -> None:
        self._thread.call(self._server.close)
        self.cut(REFUSE)

    def _apply(self, fault: Fault) -> None:
        self._change(fault)
        for side in list(self.connections):
            side.move()

    def _change(self, fault: Fault) -> None:
        self.fault = fault
        self.interruptions.set(self.name, is_under_way=fault.stalls_up or fault.stalls_down)


class Side(asyncio.Protocol):
    """One end of a connection: what it receives moves on to the other end, as the fault says."""

    def __init__(self, proxy: Proxy, direction: str, other: Side | None = None) -> None:
        self.proxy = proxy
        self.direction = direction
        self.other = other
        self.transport: asyncio.Transport | None = None
        self.is_held = False
        self.has_ended = False
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._waiting_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    # ---- what asyncio calls ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        raw = transport.get_extra_info("socket")
        if raw.family == socket.AF_INET:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Little is kept here, so that a reader who has stopped is felt on the other side.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        self.proxy.connections.add(self)
        if self.direction == "down":
            assert self.other is not None
            self.other.move()
            return
        self.proxy.accepted += 1
        if self.proxy.fault.refuses:
            self.reset()
        elif not self.proxy.fault.is_silent:
            self._connecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        loop, target = asyncio.get_running_loop(), self.proxy.target
        other = self.other = Side(self.proxy, "down", self)
        try:
            if isinstance(target, Path):
                await loop.create_unix_connection(lambda: other, str(target))
            else:
                await loop.create_connection(lambda: other, *target)
        except OSError:
            self.reset()
            return
        if self.has_ended:
            other.reset()

    def data_received(self, data: bytes) -> None:
        fault = self.proxy.fault
        if fault.resets and self.proxy.chance.random() < fault.resets:
            self.reset()
            return
        if fault.is_clear and not self._waiting and not self.is_held and self._target() is not None:
            self._pass(data)
            return
        due = (
            asyncio.get_running_loop().time()
            + fault.latency_seconds
            + fault.jitter_seconds * self.proxy.chance.random()
        )
        self._waiting.append((max(due, self._waiting[-1][0] if self._waiting else 0), data))
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MOST_WAITING_BYTES and self.transport is not None:
            self.transport.pause_reading()
        self.move()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            with contextlib.suppress(RuntimeError):
                self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.has_ended = True
        self.proxy.connections.discard(self)
        # Through a stalled direction not even the end is heard: the other end stays half open until the fault is over.
        self.move()

    # ---- what the fault lets through ----

    def move(self) -> None:
        """Passes on what is due; called again when more is."""
        if self._is_stalled():
            if self.other is not None and self.other.transport is not None:
                self.proxy.connections.add(self)
            return
        now = asyncio.get_running_loop().time()
        while self._waiting and self._waiting[0][0] <= now and self._target() is not None:
            _, data = self._waiting.popleft()
            self._waiting_bytes -= len(data)
            self._pass(data)
        if self.transport is not None and not self.has_ended and self._waiting_bytes < MOST_WAITING_BYTES / 2:
            with contextlib.suppress(RuntimeError):
                self.transport.resume_reading()
        if self._waiting:
            self._move_at(self._waiting[0][0])
        elif self.has_ended:
            self.proxy.connections.discard(self)
            if self.other is not None and self.other.transport is not None:
                self.other.transport.close()

    def reset(self) -> None:
        """RST to both ends."""
        self._waiting.clear()
        for side in (self, self.other):
            if side is not None and side.transport is not None:
                side.has_ended = True
                side._waiting.clear()
                self.proxy.connections.discard(side)
                raw = side.transport.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                side.transport.abort()

    def _is_stalled(self) -> bool:
        return self.is_held or self.proxy.fault.stalls(self.direction)

    def _target(self) -> asyncio.Transport | None:
        return self.other.transport if self.other is not None else None

    def _move_at(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(due, self.move)

    def _pass(self, data: bytes) -> None:
        target = self._target()
        assert target is not None
        size = self.proxy.fault.slice_bytes
        if size:
            for start in range(0, len(data), size):
                if target.is_closing():
                    return
                target.write(data[start : start + size])
        elif not target.is_closing():
            target.write(data)
        snare = self.proxy.snare
        if snare is not None and self.direction == "up" and snare.pattern.search(data):
            self._catch(snare)

    def _catch(self, snare: Snare) -> None:
        snare.left -= 1
        if snare.left == 0:
            self.proxy.snare = None
        if self.other is not None:
            self.other.is_held = True
        if snare.cuts:
            asyncio.get_running_loop().call_later(SNARE_SECONDS, self.reset)
        snare.caught.set()
