"""Reads frames from a socket."""

import asyncio
from typing import Any

from chat.models import Channel
from tests.stage.listening import Listening
from tests.stage.servers import EXPECT_SECONDS


async def push(connection: Listening, op: str, *, within: float = EXPECT_SECONDS) -> dict[str, Any]:
    """The next push of this op; others before it are passed over."""
    async with asyncio.timeout(within):
        while True:
            frame = await connection.pushes.get()
            if frame["op"] == op:
                return frame


def bodies(connection: Listening, channel: Channel) -> list[str]:
    return [change["body"] for change in connection.changes.get(channel.pk, []) if change["kind"] == "text"]
