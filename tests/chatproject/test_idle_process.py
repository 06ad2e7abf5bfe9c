"""The repeated work of an idle process: it looks for work without using a thread."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.conf import settings

from chat.files import background_sweep
from chat.live.node import ChatNode
from chat.support.clockwork import running
from chatproject import erasing
from delivery.async_sql.reads import Reads
from delivery.live import gauges
from delivery.threads import KeepingThreads
from tests.stage.servers import expect


@pytest.fixture
async def node(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChatNode]:
    """With as many lines as are asked at once here, all of them free."""
    monkeypatch.setattr(settings, "DATABASE_POOL", 24)
    node = ChatNode()
    taken = []
    for _ in range(3):
        node.read_connections.fetch()
        await expect(lambda: node.read_connections._free)
        taken.append(node.read_connections.take())
    for connection in taken:
        node.read_connections.give_back(connection)
    yield node
    await node.nursery.end()
    node.close_threads()


async def test_an_idle_process_looks_for_work_without_a_thread(node: ChatNode, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (background_sweep, "LOOK_SECONDS"), (running, "TURN_SECONDS"), (erasing, "LEAST_PAUSE_SECONDS"),
        (erasing, "MOST_PAUSE_SECONDS"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, 0.02)
    asked, in_threads = Counter[str](), list[Callable[..., Any]]()
    read, run = Reads.read, KeepingThreads.run

    async def counted(reads: Reads, reading: Any, *args: Any) -> Any:
        found = await read(reads, reading, *args)
        asked[f"{reading.__name__} {args}"] += 1
        return found

    async def noted(threads: KeepingThreads, function: Any, *args: Any, **kwargs: Any) -> Any:
        in_threads.append(function)
        return await run(threads, function, *args, **kwargs)

    monkeypatch.setattr(Reads, "read", counted)
    monkeypatch.setattr(KeepingThreads, "run", noted)
    for begin in (running.start_clockwork, background_sweep.start_sweeping, erasing.start_erasing):
        begin(node)
    await expect(lambda: len(asked) == 3 and min(asked.values()) >= 3)
    assert not in_threads


def test_a_figure_that_has_not_changed_is_not_written_again() -> None:
    class Figure:
        def __init__(self) -> None:
            self.written: list[float] = []

        def set(self, value: float) -> None:
            self.written.append(value)

    figures = Figure(), Figure()
    noted = gauges._Noted()
    for values in ((0, 1), (0, 2), (0, 2), (3, 2), (0, 2)):
        for figure, value in zip(figures, values, strict=True):
            noted.note(figure, value)  # type: ignore[arg-type]
    assert [figure.written for figure in figures] == [[0, 3, 0], [1, 2]]
