"""Sends a client's messages: each once, those of a channel in order, even if connections or answers are lost meanwhile."""

import asyncio
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from delivery.client import backoff
from delivery.client.connection import CommandRefused, Connection, Frame

#: Answers after which a message is sent again as it is.
REPEATABLE = {"rate_limited", "queue_full", "unavailable"}


@dataclass
class Unsaid:
    """A message without an answer yet."""

    client_msg_id: str
    body: str
    reply_to: int | None
    answer: "asyncio.Future[Frame]"


class Outbox:
    """Sends messages in order. `connected` waits for a connection or raises Ended; `start` starts a background task."""

    def __init__(
        self,
        *,
        connected: Callable[[], Awaitable[Connection]],
        start: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._connected = connected
        self._start = start
        self._lanes: dict[int, deque[Unsaid]] = {}
        self._saying: set[int] = set()

    async def post(self, channel: int, body: str, *, reply_to: int | None = None) -> Frame:
        """Posts a message and returns it once it is committed. Raises CommandRefused if the server refuses it, and Ended."""
        unsaid = Unsaid(str(uuid.uuid4()), body, reply_to, asyncio.get_running_loop().create_future())
        self._lanes.setdefault(channel, deque()).append(unsaid)
        if channel not in self._saying:
            self._saying.add(channel)
            self._start(self._say(channel))
        return await unsaid.answer

    def end(self, ended: Exception) -> None:
        """Ends all waits for answers by raising this error in them."""
        for unsaid in (unsaid for lane in self._lanes.values() for unsaid in lane):
            if not unsaid.answer.done():
                unsaid.answer.set_exception(ended)

    async def _say(self, channel: int) -> None:
        # One at a time: a message that has to wait is not overtaken by the next.
        lane = self._lanes[channel]
        try:
            while lane:
                await self._say_one(channel, lane[0])
                lane.popleft()
        finally:
            self._saying.discard(channel)

    async def _say_one(self, channel: int, unsaid: Unsaid) -> None:
        refusals = 0
        while not unsaid.answer.done():
            try:
                answer = await self._send(channel, unsaid)
            except ConnectionError:
                # Committed or not: the same id makes it one message.
                await asyncio.sleep(0)
            except CommandRefused as refused:
                if refused.code in REPEATABLE:
                    refusals += 1
                    await asyncio.sleep(backoff.after_refusal(refusals, refused.retry_after))
                elif not unsaid.answer.done():
                    unsaid.answer.set_exception(refused)
            except Exception as error:
                if not unsaid.answer.done():
                    unsaid.answer.set_exception(error)
            else:
                if not unsaid.answer.done():
                    unsaid.answer.set_result(answer["message"])

    async def _send(self, channel: int, unsaid: Unsaid) -> Frame:
        extra = {} if unsaid.reply_to is None else {"reply_to": unsaid.reply_to}
        connection = await self._connected()
        return await connection.post(channel, unsaid.body, client_msg_id=unsaid.client_msg_id, **extra)
