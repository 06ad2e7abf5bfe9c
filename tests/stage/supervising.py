"""A supervisor with two tiny web processes (tiny_worker.py), for which a scenario plays beside it."""

import contextlib
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatproject.serving.listening import listen
from chatproject.serving.supervisor import Supervisor
from chatproject.serving.workers import Worker

TINY = [sys.executable, "-I", "-S", str(Path(__file__).with_name("tiny_worker.py"))]


class Knocking:
    """Comes in again and again, as long as it lasts, each time by a connection of its own."""

    def __init__(self, port: int) -> None:
        self.answers: list[str] = []
        self.failures: list[str] = []
        self._port = port
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._knock)

    def __enter__(self) -> "Knocking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _knock(self) -> None:
        while not self._is_over.wait(0.002):
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=10) as line:
                    self.answers.append(line.recv(100).decode())
            except OSError as error:
                self.failures.append(repr(error))

    def answered_by(self) -> set[str]:
        return {answer.split()[0] for answer in self.answers if answer}


@contextlib.contextmanager
def own_signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def supervised(
    port: int, scenario: Callable[[Supervisor], None], *, successor: list[str], hung_seconds: float = 30
) -> None:
    """Runs two tiny processes while the scenario plays beside, and ends them."""
    listener = listen("127.0.0.1", port)
    supervisor = Supervisor(
        listener,
        lambda: Worker(TINY, listener),
        lambda: Worker(successor, listener),
        count=2,
        drain_seconds=5,
        hung_seconds=hung_seconds,
    )
    failures: list[BaseException] = []

    def play() -> None:
        try:
            scenario(supervisor)
        except BaseException as failure:
            failures.append(failure)
        finally:
            supervisor.stop()

    thread = threading.Thread(target=play)
    with own_signals():
        thread.start()
        assert supervisor.run() == 0
        thread.join()
    if failures:
        raise failures[0]


def until(condition: Callable[[], object], *, within: float = 10) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def said_in(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return any(words in record.getMessage() for record in caplog.records)
