"""Threads that keep their connections: no extra query before the work, and no use of a connection that PostgreSQL has ended."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection

from delivery.threads import KeepingThreads
from tests.conftest import in_thread

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def threads() -> Iterator[KeepingThreads]:
    threads = KeepingThreads(2)
    yield threads
    threads.close()


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def fall_over() -> None:
    end(backend())


async def test_a_connection_is_kept(threads: KeepingThreads) -> None:
    assert await threads.run(backend) == await threads.run(backend)


async def test_where_the_pool_is_small_it_is_given_back_after_each_work() -> None:
    threads = KeepingThreads(1, keeps=False)
    try:
        assert await threads.run(backend)
        assert await threads.run(lambda: connection.connection) is None
    finally:
        threads.close()


async def test_one_that_postgresql_has_ended_is_not_used_again(threads: KeepingThreads) -> None:
    ended = await threads.run(backend)
    await in_thread(end, ended)
    assert await threads.run(backend) != ended


async def test_one_that_fails_is_given_back(threads: KeepingThreads) -> None:
    with pytest.raises(OperationalError):
        await threads.run(fall_over)
    assert await threads.run(backend)


async def test_as_many_work_at_a_time_as_there_may_be(threads: KeepingThreads) -> None:
    both, three = threading.Barrier(2), [0]

    def meet() -> None:
        three[0] += 1
        both.wait(5)

    await asyncio.gather(threads.run(meet), threads.run(meet))
    assert await threads.run(lambda: three[0]) == 2
    assert len(threads._threads) == 2, "no thread was started that nobody needs"


async def test_a_wait_that_was_given_up_ends_nothing(threads: KeepingThreads) -> None:
    goes_on, done = threading.Event(), threading.Event()

    def work() -> None:
        goes_on.wait(5)
        done.set()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(threads.run(work), 0.05)
    goes_on.set()
    await in_thread(done.wait, 5)
    assert done.is_set()
    assert await threads.run(backend)
