"""Ending tasks."""

import asyncio
import contextlib

from delivery import tasks


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    swallowed = asyncio.Event()

    async def stubborn() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        swallowed.set()
        await asyncio.Event().wait()

    async def broken() -> None:
        raise ValueError

    ending = [asyncio.ensure_future(stubborn()), asyncio.ensure_future(broken())]
    await asyncio.sleep(0)
    await asyncio.wait_for(tasks.end(ending), 5)
    assert swallowed.is_set()
    assert all(task.done() for task in ending)


async def test_ending_nothing_ends_at_once() -> None:
    await tasks.end([])
