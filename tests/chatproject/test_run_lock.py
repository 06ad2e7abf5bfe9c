"""Threads that answer reads: only one of them runs at a time."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse

from chatproject import run_lock
from chatproject.serving.request_threads import _giving_back

#: An advisory lock of nobody else.
LOCK = 7_341


def read(work: Callable[[], object], *, method: str = "GET") -> None:
    request = HttpRequest()
    request.method = method
    _giving_back(lambda _: HttpResponse(str(work())))(request)


@pytest.fixture
def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor()


@pytest.fixture(autouse=True)
def nobody_loses_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "PATIENCE_SECONDS", 60)


@pytest.fixture
def at_work(threads: ThreadPoolExecutor) -> "tuple[threading.Event, Future[None]]":
    """A read that runs until it may end."""
    runs, may_end = threading.Event(), threading.Event()

    def work() -> bool:
        runs.set()
        return may_end.wait(10)

    working = threads.submit(read, work)
    assert runs.wait(10)
    return may_end, working


def test_turns_are_short_as_long_as_anybody_reads(threads: ThreadPoolExecutor) -> None:
    usual, together, turns = sys.getswitchinterval(), threading.Barrier(2, timeout=10), []

    def first() -> None:
        with run_lock.Released():
            together.wait()
        turns.append(sys.getswitchinterval())

    def second() -> None:
        with run_lock.Released():
            together.wait()

    reading = [threads.submit(read, work) for work in (first, second)]
    for each in reading:
        each.result(10)
    assert turns == [pytest.approx(run_lock.TURN_SECONDS)]
    assert sys.getswitchinterval() == pytest.approx(usual)
    assert usual > 2 * run_lock.TURN_SECONDS


def test_reads_run_one_at_a_time_and_what_writes_runs_beside_them(
    threads: ThreadPoolExecutor, at_work: "tuple[threading.Event, Future[None]]"
) -> None:
    may_end, working = at_work
    begun: list[str] = []
    second = threads.submit(read, lambda: begun.append("read"))
    threads.submit(read, lambda: begun.append("write"), method="POST").result(10)
    assert begun == ["write"]
    may_end.set()
    working.result(10)
    second.result(10)
    assert begun == ["write", "read"]


def test_nobody_waits_for_a_read_longer_than_their_patience(
    threads: ThreadPoolExecutor, at_work: "tuple[threading.Event, Future[None]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "PATIENCE_SECONDS", 0.001)
    threads.submit(read, lambda: None).result(10)
    may_end, working = at_work
    may_end.set()
    working.result(10)
    monkeypatch.setattr(run_lock, "PATIENCE_SECONDS", 60)
    threads.submit(read, lambda: None).result(10)


@pytest.mark.django_db(transaction=True)
def test_while_a_read_waits_for_postgresql_others_run(threads: ThreadPoolExecutor) -> None:
    def wait() -> None:
        with connection.cursor() as cursor:
            asking.set()
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        connections.close_all()

    asking = threading.Event()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        waiting = threads.submit(read, wait)
        try:
            assert asking.wait(10)
            threads.submit(read, lambda: None).result(10)
            assert not waiting.done()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    waiting.result(10)


def test_who_waits_within_a_wait_hands_it_on_all_the_same(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> None:
        with run_lock.Released(), run_lock.Released():
            pass
        with run_lock.holding():
            pass

    monkeypatch.setattr(run_lock, "PATIENCE_SECONDS", 0.001)
    threads.submit(read, work).result(10)
    assert not run_lock._lock.locked()
