"""Answers before the end of a body: the rest is read for a moment, or the client might never see the answer."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

#: How many bytes are read so that the answer arrives before the connection is reset.
READ_AWAY_BYTES, READ_AWAY_SECONDS = 1024 * 1024, 1.0


async def answer_and_read_away(answer: Callable[[Send], Awaitable[None]], receive: Receive, send: Send) -> None:
    """Sends the whole answer but delays its end, because the server keeps the connection open until then."""
    held: list[Event] = []

    async def keep_end(event: Event) -> None:
        if event["type"] == "http.response.body" and not event.get("more_body"):
            held.append({"type": "http.response.body", "body": b""})
            event = {**event, "more_body": True}
        await send(event)

    await answer(keep_end)
    await _read_away(receive)
    for event in held:
        await send(event)


async def _read_away(receive: Receive) -> None:
    read = 0
    try:
        async with asyncio.timeout(READ_AWAY_SECONDS):
            while read < READ_AWAY_BYTES:
                event = await receive()
                read += len(event.get("body", b""))
                if not event.get("more_body"):
                    return
    except TimeoutError:
        return
