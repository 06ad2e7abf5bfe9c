"""The clockwork: turn by turn in a process, also without PostgreSQL, and its lateness."""

import asyncio
import datetime
from collections.abc import Callable
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection

from chat import clock
from chat.live.source import ChatSource
from chat.models import Conversation
from chat.support.clockwork import running
from chat.support.clockwork.jobs import Job, jobs_of
from chat.support.clockwork.lateness import lateness
from chat.support.clockwork.running import Clockwork, Inboxes
from chatproject import doctor
from delivery.async_sql.connections import LoopConnections
from delivery.async_sql.reads import Reads
from delivery.tasks import Nursery
from delivery.threads import DatabaseThreads
from tests.stage.servers import EXPECT_SECONDS, expect
from tests.stage.support import Desk, Visit


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(running, "AWAY_PAUSE_SECONDS", 0.1)


def inboxes(threads: DatabaseThreads) -> Inboxes:
    """Asked by these threads, for there is no line."""
    nursery = Nursery()
    return Inboxes(Reads(LoopConnections(0, threads, nursery), ChatSource(), threads))


async def wound(*jobs: Job, until: Callable[[], bool]) -> None:
    """The clockwork of a process with these jobs, which drains when that is true."""
    threads, is_ending = DatabaseThreads(1), False
    task = asyncio.create_task(Clockwork(jobs, inboxes(threads), threads, is_ending=lambda: is_ending).live())
    await expect(until)
    is_ending = True
    # Not cancelled: what is under way is done before the process ends.
    await asyncio.wait_for(task, EXPECT_SECONDS)
    threads.close()


async def test_what_goes_wrong_in_one_job_keeps_no_other_from_being_done(desk: Desk, quick: None) -> None:
    done: list[str] = []

    def fails() -> None:
        done.append("fails")
        raise ValueError("a poison row")

    jobs = Job("fails", fails), Job("works", lambda: done.append("works")), Job("rare", lambda: done.append("rare"), 60)
    await wound(*jobs, until=lambda: done.count("works") >= 3)
    assert done[:5] == ["fails", "works", "rare", "fails", "works"]
    assert done.count("rare") == 1


async def test_without_postgresql_it_waits_and_goes_on_when_it_is_back(desk: Desk, quick: None) -> None:
    turns = 0

    def job() -> None:
        nonlocal turns
        turns += 1
        if turns <= 3:
            # Without an SQLSTATE: nobody answered.
            raise OperationalError("the connection is lost")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    await wound(Job("job", job), until=lambda: turns >= 6)


def test_how_late_it_is_shows_while_there_is_much_to_do() -> None:
    rows = [[job.name for job in jobs] for jobs in jobs_of(Mock())]
    assert ["lateness"] in rows
    assert len(rows) == 3


async def test_where_there_is_no_inbox_nothing_is_looked_for(transactional_db: None, quick: None) -> None:
    turns = 0
    threads = DatabaseThreads(1)

    def job() -> None:
        raise AssertionError("there is no inbox")

    def is_ending() -> bool:
        nonlocal turns
        turns += 1
        return turns > 5

    clockwork = Clockwork([Job("job", job)], inboxes(threads), threads, is_ending=is_ending)
    await asyncio.wait_for(clockwork.live(), EXPECT_SECONDS)
    threads.close()


async def test_all_clockworks_of_a_process_ask_once_whether_there_is_an_inbox(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, asked = DatabaseThreads(2), Mock(return_value=[(1,)])
    monkeypatch.setattr(running.prepared_sql, "rows", asked)
    asking = inboxes(threads)
    assert await asyncio.gather(*(asking.are_there() for _ in range(3))) == [True] * 3
    assert asked.call_count == 1
    threads.close()


def test_what_is_overdue_is_a_figure_and_the_doctor_says_so(unseen: None, desk: Desk, vera: Visit) -> None:
    def says() -> list[tuple[str, str]]:
        return [(found.state, found.says) for found in doctor.examine() if found.about == "clockwork"]

    conversation = vera.begin()
    assert lateness() == {"leases": 0, "snoozes": 0, "mails": 0}
    assert says() == [("ok", "nothing at the support desk is overdue")]
    # The verbs' clock and PostgreSQL's differ by what it takes to ask for the time.
    lapsed = clock.now() - datetime.timedelta(seconds=91)
    Conversation.objects.filter(pk=conversation.pk).update(assignee=desk.ada, lease_until=lapsed)
    assert 90 <= lateness()["leases"] < 100
    [(state, sentence)] = says()
    assert state == "warning"
    assert sentence.startswith("leases have been due for 9")
