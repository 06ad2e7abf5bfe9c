"""Which reads are repeated, and which work is not."""

import asyncio
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, connections

from delivery.service_errors import WaitedInVain
from delivery.threads import READ_ATTEMPTS, DatabaseThreads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def threads() -> Iterator[DatabaseThreads]:
    threads = DatabaseThreads(1)
    yield threads
    threads.close()


class Asked:
    """A query whose connection PostgreSQL ends the first times."""

    def __init__(self, *, cut: int) -> None:
        self.times = 0
        self._cut = cut

    def __call__(self) -> int:
        self.times += 1
        with connection.cursor() as cursor:
            if self.times <= self._cut:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            cursor.execute("SELECT 1")
            return int(cursor.fetchone()[0])


async def test_a_read_is_asked_for_again_when_its_connection_is_cut(threads: DatabaseThreads) -> None:
    asked = Asked(cut=2)
    assert await threads.read(asked) == 1
    assert asked.times == 3


async def test_a_thread_survives_a_connection_that_cannot_be_given_back(
    threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ValueError("the pool does not know it")

    monkeypatch.setattr(connections, "close_all", fail)
    with pytest.raises(OperationalError):
        await asyncio.wait_for(threads.run(Asked(cut=1)), 10)
    monkeypatch.undo()
    assert await asyncio.wait_for(threads.run(lambda: 1), 10) == 1


async def test_a_read_is_given_up_when_it_is_cut_again_and_again(threads: DatabaseThreads) -> None:
    asked = Asked(cut=100)
    with pytest.raises(OperationalError):
        await threads.read(asked)
    assert asked.times == READ_ATTEMPTS


async def test_a_read_that_has_waited_in_vain_is_not_asked_for_again(threads: DatabaseThreads) -> None:
    times = []

    def wait_in_vain() -> None:
        times.append(1)
        raise OperationalError from WaitedInVain("no connection came in time")

    with pytest.raises(OperationalError):
        await threads.read(wait_in_vain)
    assert times == [1]


async def test_what_writes_is_not_repeated(threads: DatabaseThreads) -> None:
    asked = Asked(cut=1)
    with pytest.raises(OperationalError):
        await threads.run(asked)
    assert asked.times == 1


async def test_a_mistake_is_not_repeated(threads: DatabaseThreads) -> None:
    times = []

    def mistaken() -> None:
        times.append(1)
        raise ValueError

    with pytest.raises(ValueError):
        await threads.read(mistaken)
    assert times == [1]
