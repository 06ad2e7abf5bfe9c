"""One web process: uvicorn with our sockets and a drain, which ends with the service or hands its sockets to a successor."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn

from chatproject.serving import log_level, notify
from chatproject.serving.descriptors import Exhaustion
from chatproject.serving.gc_freeze import freeze_loaded_objects
from chatproject.serving.http_protocol import PatientHttpProtocol
from chatproject.serving.milestones import say_all_serve, say_draining, say_serving
from chatproject.serving.notify import ALIVE_SECONDS
from chatproject.serving.websocket_protocol import PeerProtocol
from chatproject.serving.workers import Worker, terminal_is_gone
from delivery import node
from delivery.tasks import Nursery, beat, until_beat

logger = logging.getLogger("gapless.serve")

#: For how long a thread runs before others get their turn, among them the event loop with all sockets. Python's default is ten
#: times as long, and a message needs several turns. While reads are answered it is shorter (chatproject/run_lock.py).
TURN_SECONDS = 0.0005
#: A client that has connected but not yet sent a request when we stop listening has so long to send it.
NEWCOMER_SECONDS = 1.0
LOOK_SECONDS = 0.05
#: Time for the log line that the drain is given up.
SAY_SECONDS = 0.5
#: Seconds between two rounds of the server's own checks.
TICK_SECONDS = 1.0


class DrainingServer(uvicorn.Server):
    """Stops listening first, then lets the node flush and say goodbye, then closes what is left.

    SIGHUP: another process listens at the same socket, or is started by `succeed` and waited for; the sockets go there.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        *,
        drain_seconds: int,
        on_up: Callable[[], None],
        say_alive: Callable[[], None],
        succeed: Callable[[], Worker] | None,
    ) -> None:
        super().__init__(config)
        self._listener = listener
        self._drain_seconds = drain_seconds
        self._on_up = on_up
        self._say_alive = say_alive
        self._succeed = succeed
        self._nursery = Nursery()
        self._exhaustion = Exhaustion()
        self._is_replaced = False
        self._wakes: Callable[[], object] = lambda: None
        self.successor: Worker | None = None
        #: Whether it was told to end, not only to hand over.
        self.is_ended = False
        self._say_end: Callable[..., None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            # uvicorn would raise the signal again after a clean end: the exit code would be wrong, and atexit not run.
            self._captured_signals.clear()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.is_ended = True
        if self._succeed is not None:
            notify.send_to_systemd(notify.STOPPING)
        self._end_in_time()
        super().handle_exit(sig, frame)
        self._wakes()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        freeze_loaded_objects()
        if self._succeed is None:
            say_serving()
        else:
            say_all_serve(port=self._listener.getsockname()[1], web_processes=1)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hang_up)
        if self._succeed is not None:
            notify.send_to_systemd(notify.READY)
        self._on_up()
        self._nursery.leave(self._say_that_we_live())

    async def main_loop(self) -> None:
        """uvicorn's own looks ten times as often whether it should end; this one is woken."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        self._wakes = lambda: loop.call_soon_threadsafe(woken.set)
        # 0: with each tick what uvicorn does once a second.
        while not await self.on_tick(0):
            self._exhaustion.look(TICK_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), until_beat(TICK_SECONDS))
        self._wakes = lambda: None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        running = node.running()
        sockets_before = running.hub.size if running else 0
        say_end = self._say_end or say_draining()
        for server in self.servers:
            server.close()
        for taken in sockets or []:
            taken.close()
        if self.successor is None:
            self._listener.close()
        await self._hear_newcomers()
        if running is not None:
            await running.drain(is_replaced=self._is_replaced)
        await super().shutdown(sockets=None)
        # Messages that still wait had no `ok`: their senders repeat them elsewhere.
        say_end(
            has="handed over" if self._is_replaced else "ended",
            sockets=sockets_before,
            messages_waiting=running.queue.length if running else 0,
        )

    # ---- handing over ----

    def _hang_up(self) -> None:
        if terminal_is_gone():
            self.handle_exit(signal.SIGTERM, None)
        elif self._succeed is None:
            self._end_in_time()
            self._hand_over()
        elif self.successor is None:
            notify.send_to_systemd(*notify.reloading())
            self.successor = self._succeed()
            logger.info("SIGHUP: web process %d is started, to replace this one", self.successor.pid)
            self._nursery.leave(self._await_successor(self.successor))

    async def _await_successor(self, successor: Worker) -> None:
        while not successor.has_come_up:
            reason = successor.why_not_up
            if reason is not None:
                came_to = f"web process {successor.pid} did not come up ({reason}): this one goes on"
                logger.error(came_to)
                successor.forget()
                self.successor = None
                notify.send_to_systemd(notify.status(came_to), notify.READY)
                return
            await asyncio.sleep(LOOK_SECONDS)
        self._hand_over()

    def _hand_over(self) -> None:
        self._is_replaced = True
        self.should_exit = True
        self._wakes()

    async def _hear_newcomers(self) -> None:
        # A connection that was taken from the socket's queue can't be put back: it is answered here.
        until = time.monotonic() + NEWCOMER_SECONDS
        connections: Any = self.server_state.connections
        while time.monotonic() < until and any(connection.is_coming_in for connection in connections):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)

    async def _say_that_we_live(self) -> None:
        while True:
            self._say_alive()
            await beat(ALIVE_SECONDS)

    def _end_in_time(self) -> None:
        # The process ends in time, even if something hangs in the drain, such as a stuck thread.
        self._say_end = self._say_end or say_draining()
        last_resort = threading.Timer(self._drain_seconds - 1, self._give_up, [self._say_end])
        last_resort.daemon = True
        last_resort.start()

    def _give_up(self, say_end: Callable[..., None]) -> None:
        left = {"is_given_up": True, "connections": len(self.server_state.connections)}
        # The hanging thread may hold the log's lock too.
        saying = threading.Thread(target=say_end, kwargs=left, daemon=True)
        saying.start()
        saying.join(SAY_SECONDS)
        os._exit(1)


def serve_here(
    listener: socket.socket,
    *,
    drain_seconds: int,
    frame_bytes: int,
    on_up: Callable[[], None],
    say_alive: Callable[[], None],
    succeed: Callable[[], Worker] | None = None,
) -> DrainingServer:
    """Serves in this process until SIGTERM or SIGINT, then drains; or until a successor serves: the server knows which.

    say_alive: called every second by the event loop, while it takes its turns. succeed: starts a successor; without it a parent
    does, who also speaks with systemd.
    """
    sys.setswitchinterval(TURN_SECONDS)
    log_level.handle_signals()
    config = uvicorn.Config(
        "chatproject.asgi:application",
        loop="uvloop",
        http=PatientHttpProtocol,
        ws=PeerProtocol,
        ws_max_size=frame_bytes,
        # Compressed frames can't be shared by receivers, and cost CPU and memory for each.
        ws_per_message_deflate=False,
        # The node pings and judges silence itself: uvicorn's ping waits for a stuck reader's buffer.
        ws_ping_interval=None,
        lifespan="on",
        # Its own would write lines that are no JSON.
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, drain_seconds // 3),
    )
    server = DrainingServer(
        config, listener, drain_seconds=drain_seconds, on_up=on_up, say_alive=say_alive, succeed=succeed
    )
    with contextlib.suppress(KeyboardInterrupt):
        # uvicorn closes what it is given.
        server.run(sockets=[listener.dup()])
    return server
