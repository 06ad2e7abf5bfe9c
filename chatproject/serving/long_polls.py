"""Requests that wait (`?wait=`): Django handles them once, then they wait here without a place, then Django handles them again.

The second time repeats all checks: a user who has lost the channel or the login meanwhile learns nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from chat.middleware.long_poll import HEADER, MANY_WAIT, MAY_WAIT, Wait
from chat.middleware.requests import HAS_WAITED
from delivery.node import Node, running

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class LongPolls:
    """Wraps the application with its bounds, and holds the requests that wait."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET" or b"wait=" not in scope["query_string"]:
            await self._application(scope, receive, send)
            return
        first = _Answer(send)
        await self._application({**scope, MAY_WAIT: True}, receive, first.send)
        node = running()
        if first.wait is None or node is None:
            return
        again = {**scope, HAS_WAITED: True}
        # Taken here and not where it is asked for: of many who come at once each would find the same room.
        with node.waits.place(first.wait.user_id) as has_place:
            if has_place and await _has_left(node, first.wait, receive):
                return
            await self._application(again if has_place else {**again, MANY_WAIT: True}, _without_body(receive), send)


class _Answer:
    """Passes an answer on, unless it says that the request should wait."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.wait: Wait | None = None

    async def send(self, event: MutableMapping[str, Any]) -> None:
        if event["type"] == "http.response.start":
            said = [value for name, value in event["headers"] if name.lower() == HEADER.lower().encode()]
            self.wait = Wait.spelled(said[0].decode()) if said else None
        if self.wait is None:
            await self._send(event)


async def _has_left(node: Node, wait: Wait, receive: Receive) -> bool:
    leaving = node.nursery.start(_left(receive))
    waiting = node.nursery.start(node.waits.until_above(wait.number, channel_id=wait.channel_id, seconds=wait.seconds))
    try:
        await asyncio.wait({leaving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        return leaving.done()
    finally:
        for task in (leaving, waiting):
            task.cancel()
        await asyncio.gather(leaving, waiting, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _without_body(receive: Receive) -> Receive:
    is_asked = False

    async def replay() -> MutableMapping[str, Any]:
        nonlocal is_asked
        if is_asked:
            return await receive()
        is_asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return replay
