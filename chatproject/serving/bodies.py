"""Reads the bodies of requests as a whole: bounded in bytes, in time, and in the memory of all unfinished bodies together."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from chatproject.serving import refusals

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class BodyRefused(Exception):
    """A body is refused; it carries the refusal for the client."""

    def __init__(self, refusal: refusals.Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class Bodies:
    """The bodies of one process. `seconds`: for a whole body, even a steady one. `most_unfinished`: bytes of all together."""

    def __init__(self, *, most_bytes: int, seconds: float, most_unfinished: int) -> None:
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._most_unfinished = most_unfinished
        self._unfinished: dict[asyncio.Timeout, bytearray] = {}
        self._unfinished_bytes = 0

    async def read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None if the client went away before its end. Raises BodyRefused."""
        if _content_length(scope) > self._most_bytes:
            raise BodyRefused(refusals.BODY_TOO_BIG)
        clock = asyncio.timeout(self._seconds)
        self._unfinished[clock] = bytearray()
        try:
            async with clock:
                return await self._read(receive, clock)
        except TimeoutError:
            is_given_up = clock not in self._unfinished
            raise BodyRefused(refusals.TOO_MANY_BODIES if is_given_up else refusals.BODY_TOO_SLOW) from None
        finally:
            self._forget(clock)

    async def _read(self, receive: Receive, clock: asyncio.Timeout) -> bytes | None:
        held = self._unfinished[clock]
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                return None
            if clock not in self._unfinished:
                # This body was given up for others; bytes that came before it noticed no longer count.
                raise TimeoutError
            part = event.get("body", b"")
            held += part
            self._unfinished_bytes += len(part)
            if len(held) > self._most_bytes:
                raise BodyRefused(refusals.BODY_TOO_BIG)
            if not event.get("more_body"):
                return bytes(held)
            self._make_room()

    def _make_room(self) -> None:
        # The largest are given up first: they use the memory, and an honest body is seldom unfinished for long.
        while self._unfinished_bytes > self._most_unfinished:
            largest = max(self._unfinished, key=lambda clock: len(self._unfinished[clock]))
            self._forget(largest)
            largest.reschedule(asyncio.get_running_loop().time())

    def _forget(self, clock: asyncio.Timeout) -> None:
        self._unfinished_bytes -= len(self._unfinished.pop(clock, b""))


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
