"""Background tasks, and how they end."""

import asyncio
import contextlib
import time
from itertools import pairwise
from types import SimpleNamespace

import pytest

from delivery import metrics, tasks
from delivery.tasks import Nursery, answer_within, end, until_beat
from tests.stage.servers import EXPECT_SECONDS

pytestmark = pytest.mark.fast


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    swallowed = asyncio.Event()

    async def stubborn() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        swallowed.set()
        await asyncio.Event().wait()

    async def broken() -> None:
        raise ValueError

    nursery = Nursery()
    ending = [nursery.start(stubborn()), nursery.start(broken())]
    await asyncio.sleep(0)
    await asyncio.wait_for(nursery.end(), EXPECT_SECONDS)
    assert swallowed.is_set()
    assert all(task.done() for task in ending)


async def test_what_a_task_starts_while_it_ends_is_ended_too() -> None:
    nursery = Nursery()
    late: list[asyncio.Task[bool]] = []

    async def parting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            late.append(nursery.start(asyncio.Event().wait()))

    nursery.start(parting())
    await asyncio.sleep(0)
    await asyncio.wait_for(nursery.end(), EXPECT_SECONDS)
    assert [task.cancelled() for task in late] == [True]


async def test_what_nobody_waits_for_says_in_the_log_that_it_failed(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise ValueError("no luck")

    nursery = Nursery()
    nursery.leave(broken())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert "no luck" in caplog.text


async def test_what_is_kept_is_begun_again_after_pauses_that_grow(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    async def work(last: str) -> None:
        if len(pauses) == 7:
            return
        if len(pauses) % 2:
            # Of what it waits for, not of itself.
            raise asyncio.CancelledError
        raise ValueError(last)

    monkeypatch.setattr(tasks.asyncio, "sleep", pause)
    nursery, before = Nursery(), metrics.tasks_begun_again._value.get()
    await nursery.keep(work, "no luck")
    assert pauses == [0.5, 1, 2, 4, 8, 8, 8]
    assert metrics.tasks_begun_again._value.get() - before == 7
    assert caplog.text.count("work has ended, and is begun again") == 7
    assert "no luck" in caplog.text


async def test_what_is_kept_ends_with_the_nursery() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    nursery, before = Nursery(), metrics.tasks_begun_again._value.get()
    task = nursery.keep(work)
    await asyncio.sleep(0)
    await asyncio.wait_for(nursery.end(), EXPECT_SECONDS)
    assert (task.cancelled(), begun, metrics.tasks_begun_again._value.get() - before) == (True, 1, 0)


async def test_ending_nothing_ends_at_once() -> None:
    await end([])
    await Nursery().end()


async def test_what_is_asked_of_others_does_not_pay_for_this_loops_own_lateness() -> None:
    async def answer_in_many_turns() -> str:
        for _ in range(200):
            await asyncio.sleep(0)
        return "here"

    asking = asyncio.ensure_future(answer_within(0.2, answer_in_many_turns()))
    await asyncio.sleep(0)
    time.sleep(0.4)
    assert await asking == "here"


async def test_who_does_not_answer_is_waited_for_no_longer_than_agreed() -> None:
    with pytest.raises(TimeoutError):
        await answer_within(0.01, asyncio.Event().wait())


def test_what_recurs_is_due_at_the_same_moments_whenever_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    def due(now: int) -> int:
        monkeypatch.setattr(
            tasks, "asyncio", SimpleNamespace(get_running_loop=lambda: SimpleNamespace(time=lambda: now / 1000))
        )
        return now + round(until_beat(0.5) * 1000)

    beats = sorted({due(now) for now in range(0, 5000, 7)})
    assert {later - earlier for earlier, later in pairwise(beats)} == {500}
    # Who is woken a little early does not wait for nearly nothing.
    assert min(due(now) - now for now in range(500)) > 20
