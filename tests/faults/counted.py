"""A web process that says how many tasks it has: nothing outside it can know."""

import asyncio
from pathlib import Path
from typing import Any

EVERY_SECONDS = 1


def count_tasks(path: Path) -> None:
    """The number goes to the file, again and again, from the node's start on."""
    from delivery.node import Node  # noqa: PLC0415 (Django is set up by now)

    start = Node.start

    async def counting_start(self: Any) -> None:
        await start(self)
        self.counting = asyncio.ensure_future(_keep_counting(path))

    Node.start = counting_start  # type: ignore[method-assign]


async def _keep_counting(path: Path) -> None:
    draft = path.with_suffix(".draft")
    while True:
        draft.write_text(str(len(asyncio.all_tasks())))
        draft.rename(path)
        await asyncio.sleep(EVERY_SECONDS)
