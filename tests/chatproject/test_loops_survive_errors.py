"""The repeated work of a web process goes on after an unexpected error in any of its waits."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chat.live.node import ChatNode, running_node, stop_node
from chatproject import asgi
from delivery import metrics, tasks
from tests.stage.servers import expect

PAUSE_SECONDS = 0.01


@pytest.fixture
async def node(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChatNode]:
    """With all that a web process starts beside it."""
    monkeypatch.setattr(tasks, "FIRST_PAUSE_SECONDS", PAUSE_SECONDS)
    await asgi._start()
    yield await running_node()
    await stop_node()


def is_kept(task: asyncio.Task[Any]) -> bool:
    return getattr(task.get_coro(), "__qualname__", "") == tasks._kept.__qualname__


def begun_again() -> float:
    return metrics.tasks_begun_again._value.get()


async def test_each_task_of_a_process_survives_what_nobody_expected(node: ChatNode) -> None:
    # Else something runs all the time that would end with its first error.
    await expect(lambda: all(map(is_kept, node.nursery._tasks)))
    living = list(node.nursery._tasks)
    assert len(living) > 15
    for task in living:
        before = begun_again()

        def strike(task: Any = task) -> bool:
            # What it waits for at this moment is taken from it.
            return task._fut_waiter is not None and task._fut_waiter.cancel()

        await expect(strike)
        await expect(lambda before=before: begun_again() > before)
    await asyncio.sleep(2 * PAUSE_SECONDS)
    assert [task for task in living if task.done()] == []
