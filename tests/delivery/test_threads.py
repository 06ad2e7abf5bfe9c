"""What is asked for again, and what is not."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection

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


async def test_a_read_is_given_up_when_it_is_cut_again_and_again(threads: DatabaseThreads) -> None:
    asked = Asked(cut=100)
    with pytest.raises(OperationalError):
        await threads.read(asked)
    assert asked.times == READ_ATTEMPTS


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
