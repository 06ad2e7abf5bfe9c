"""The parent of the web processes: it holds the listening socket, keeps their number, replaces processes that die or hang, and on
SIGHUP replaces all one by one.

It knows them only as programs, not what they serve.
"""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from prometheus_client import multiprocess

from chatproject.serving import log_level, notify
from chatproject.serving.milestones import say_all_serve, say_draining
from chatproject.serving.watch import Watch
from chatproject.serving.workers import Worker, terminal_is_gone

logger = logging.getLogger("gapless.serve")

#: Extra time beyond the drain before a process is killed.
KILL_AFTER_SECONDS = 2
#: Time between the death of a process and its replacement, so that a process that can't start does not spin.
RESPAWN_SECONDS = 1
#: Seconds between two looks at the processes.
TICK_SECONDS = 0.1

Start = Callable[[], Worker]


class Supervisor:
    """Keeps `count` web processes alive on one socket.

    start, start_successor: make a web process, and one that is to replace another; `figures`: the folder in which they
    share what they count; `first`: those that are there already; `hung_seconds`: for so long a loop may take no turn.
    """

    def __init__(
        self,
        listener: socket.socket,
        start: Start,
        start_successor: Start,
        *,
        count: int,
        drain_seconds: int,
        hung_seconds: float,
        figures: Path | None = None,
        first: Sequence[Worker] = (),
    ) -> None:
        self._listener = listener
        self._start = start
        self._start_successor = start_successor
        self._count = count
        self._end_seconds = drain_seconds + KILL_AFTER_SECONDS
        self._figures = figures
        self._hung_seconds = hung_seconds
        self._watch = Watch(hung_seconds=hung_seconds)
        self._workers = list(first)
        #: Those that hung, and were said to.
        self._killed: set[Worker] = set()
        self._rolling: _Rolling | None = None
        self._is_asked_to_roll = False
        #: systemd has been told that all serve, and the log that they do.
        self._is_ready = False
        self._is_known = bool(first)
        self._tell_at = 0.0
        self._stopping = threading.Event()

    def run(self) -> int:
        """Runs until SIGTERM or SIGINT; returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        signal.signal(signal.SIGHUP, lambda *_: self.stop() if terminal_is_gone() else self.roll())
        log_level.handle_signals(self._pass_on)
        while len(self._workers) < self._count:
            self._workers.append(self._start())
        while not self._stopping.wait(TICK_SECONDS):
            self._end_hung()
            self._replace_dead()
            self._roll_on()
            self._tell()
        notify.send_to_systemd(notify.STOPPING)
        return self._end()

    def stop(self) -> None:
        self._stopping.set()

    def roll(self) -> None:
        """Replaces all web processes, one after another. If called again meanwhile, another round follows."""
        self._is_asked_to_roll = True

    def _end_hung(self) -> None:
        for worker in self._watch.hung(self._workers):
            logger.error(
                "web process %d hangs: its loop took no turn for %g s; it is killed, and another started",
                worker.pid, self._hung_seconds,
            )  # fmt: skip
            self._killed.add(worker)
            worker.kill()

    def _replace_dead(self) -> None:
        for place, worker in enumerate(self._workers):
            if worker.ended_with is not None:
                if worker not in self._killed:
                    logger.warning("web process %d ended with %s: starting another", worker.pid, worker.ended_with)
                self._killed.discard(worker)
                self._forget(worker)
                self._stopping.wait(RESPAWN_SECONDS)
                if self._stopping.is_set():
                    del self._workers[place]
                    return
                self._workers[place] = self._start()

    def _roll_on(self) -> None:
        if self._rolling is None and self._is_asked_to_roll:
            self._is_asked_to_roll = False
            notify.send_to_systemd(*notify.reloading())
            self._rolling = _Rolling(self._workers, self._start_successor, self._end_seconds, self._forget)
        if self._rolling is not None and self._rolling.is_over():
            notify.send_to_systemd(notify.status(self._rolling.came_to))
            self._rolling = None
            self._is_ready = False

    def _tell(self) -> None:
        if time.monotonic() >= self._tell_at:
            self._tell_at = time.monotonic() + notify.ALIVE_SECONDS
            notify.send_to_systemd(notify.ALIVE)
        if not self._is_ready and self._rolling is None and all(worker.has_come_up for worker in self._workers):
            self._is_ready = True
            notify.send_to_systemd(notify.READY)
            if not self._is_known:
                self._is_known = True
                say_all_serve(port=self._listener.getsockname()[1], web_processes=self._count)

    @property
    def _living(self) -> list[Worker]:
        return [*self._workers, *(self._rolling.besides if self._rolling else ())]

    def _pass_on(self, number: signal.Signals) -> None:
        for worker in self._living:
            worker.tell(number)

    def _end(self) -> int:
        self._listener.close()
        ending = self._living
        say_end = say_draining()
        for worker in ending:
            worker.leave(signal.SIGTERM, within=self._end_seconds)
        for worker in ending:
            while not worker.has_left():
                time.sleep(TICK_SECONDS)
            self._forget(worker)
        say_end(web_processes=len(ending))
        return 0

    def _forget(self, worker: Worker) -> None:
        worker.forget()
        if self._figures is not None:
            # What it had open is not open any more; what it counted stays counted.
            multiprocess.mark_process_dead(worker.pid, str(self._figures))  # type: ignore[no-untyped-call]


class _Rolling:
    """One round: a successor starts and takes the place of an old process, which leaves; then the next. Never two at once."""

    def __init__(
        self, workers: list[Worker], start: Start, end_seconds: float, forget: Callable[[Worker], None]
    ) -> None:
        self._workers = workers
        self._start = start
        self._end_seconds = end_seconds
        self._forget = forget
        self._old = list(workers)
        self._count = len(self._old)
        self._began_at = time.monotonic()
        self._successor: Worker | None = None
        self._leaving: Worker | None = None
        #: How it ended, in a sentence.
        self.came_to = ""
        logger.info("SIGHUP: %d web processes are replaced, one after another", self._count)

    @property
    def besides(self) -> list[Worker]:
        """The processes beyond the wanted number, such as old ones that drain."""
        return [worker for worker in (self._successor, self._leaving) if worker is not None]

    def is_over(self) -> bool:
        """One step further, without waiting for anything."""
        if self._leaving is not None:
            if not self._leaving.has_left():
                return False
            self._forget(self._leaving)
            self._leaving = None
        # Who died meanwhile was replaced already.
        self._old = [worker for worker in self._old if worker in self._workers]
        if not self._old:
            return self._is_done()
        if self._successor is None:
            self._successor = self._start()
        elif self._successor.has_come_up:
            self._put_in_place(self._successor)
        elif (reason := self._successor.why_not_up) is not None:
            return self._has_failed(self._successor, reason)
        return False

    def _put_in_place(self, successor: Worker) -> None:
        old = self._old.pop(0)
        self._workers[self._workers.index(old)] = successor
        self._successor, self._leaving = None, old
        old.leave(signal.SIGHUP, within=self._end_seconds)

    def _is_done(self) -> bool:
        if self._successor is not None:
            # The last of the old ones died while it came up.
            self._forget(self._successor)
        self.came_to = f"{self._count} web processes were replaced in {time.monotonic() - self._began_at:.1f} s"
        logger.info(self.came_to)
        return True

    def _has_failed(self, successor: Worker, reason: str) -> bool:
        stays = f"nothing more is replaced, and {len(self._old)} of {self._count} stay as they are"
        self.came_to = f"web process {successor.pid} did not come up ({reason}): {stays}"
        logger.error(self.came_to)
        self._forget(successor)
        return True
