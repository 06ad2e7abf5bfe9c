"""Uploads: their bodies go to the disk while they arrive, and the request holds no place among the others meanwhile.

The server first calls the view without a body: the view says whether the user may upload, and what it wants
(chat/files/upload_exchange.py). Then the server receives the body, up to its size limit and above the least rate, sanitizes
pictures, and calls the view again.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakValueDictionary

from chat.allowances.table import Whose
from chat.files.sanitizing import SanitizedFile, sanitize
from chat.files.upload_exchange import EXCHANGE, Body, Form, Received, UploadExchange, Wanted
from chat.middleware.requests import HAS_WAITED
from chatproject.serving.lingering import answer_and_read_away
from chatproject.serving.receiving import Gone, receive_body, receive_form
from chatproject.serving.upload_places import Coming, Places
from delivery.wire.errors import Refused, Unavailable

logger = logging.getLogger("gapless.files")

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_UPLOADS = {"POST": re.compile(r"/api/v1/files/?\Z"), "PATCH": re.compile(r"/api/v1/files/uploads/\d+/?\Z")}
#: Headers that Django does not get, because it is called without a body.
_OF_BODY = (b"content-length", b"content-type", b"transfer-encoding")
#: How many pictures this process sanitizes at once: each needs a processor, and up to a gigabyte for a moment.
SANITIZED_AT_ONCE = 2
#: How many uploads of all users are written at once.
WRITING = 4


class Uploading:
    """Wraps the application with its bounds; requests that are no uploads pass through."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._places = Places()
        #: The users whose pictures are being sanitized, or wait for it.
        self._turns: WeakValueDictionary[Whose, asyncio.Lock] = WeakValueDictionary()
        self._sanitizers = ThreadPoolExecutor(SANITIZED_AT_ONCE, thread_name_prefix="gapless-sanitizing")
        self._disk = ThreadPoolExecutor(WRITING, thread_name_prefix="gapless-uploads")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _UPLOADS.get(scope["method"])
        if path is None or not path.match(scope["path"]):
            await self._application(scope, receive, send)
            return
        exchange, body = _exchange_about(scope), Coming(receive)
        asked = {**scope, EXCHANGE: exchange, "headers": _without_body(scope)}
        answer = await self._ask(asked)
        if exchange.wants is not None:
            try:
                answer = await self._converse(exchange, {**asked, HAS_WAITED: True}, body)
            except Gone:
                return
        if body.is_over:
            await answer.say(send)
        else:
            await answer_and_read_away(answer.say, receive, send)

    async def _converse(self, exchange: UploadExchange, asked: Scope, body: Coming) -> "_Answer":
        with contextlib.ExitStack() as taken:
            while (wants := exchange.wants) is not None:
                exchange.wants = None
                try:
                    if not exchange.got:
                        taken.enter_context(self._places.one_more(exchange, body))
                    exchange.got.append(await self._get(wants, exchange, body.receive))
                except Refused as refused:
                    exchange.got.append(refused)
                except OSError as error:
                    # A full disk, mostly.
                    logger.warning("an upload could not be kept: %r", error)
                    exchange.got.append(Unavailable("The file could not be kept: send it again later.", retry_after=30))
                answer = await self._ask(asked)
        return answer

    async def _ask(self, scope: Scope) -> "_Answer":
        answer = _Answer()
        await self._application(scope, _empty_body(), answer.take)
        return answer

    async def _get(self, wants: Wanted, exchange: UploadExchange, receive: Receive) -> Received:
        match wants:
            case Body():
                return await receive_body(receive, most=wants.most_bytes, disk=self._disk)
            case Form():
                content, name = await receive_form(
                    receive, exchange.content_type, most=wants.most_bytes, disk=self._disk
                )
                return await self._sanitize(lambda: sanitize(content, name=name), exchange.source)
            case _:
                return await self._sanitize(wants.do, exchange.source)

    async def _sanitize(self, do: Callable[[], SanitizedFile], source: Whose) -> SanitizedFile:
        # One picture of a user at a time: a user with slow pictures leaves the other places to others.
        turn = self._turns.setdefault(source, asyncio.Lock())
        async with turn:
            return await asyncio.get_running_loop().run_in_executor(self._sanitizers, do)


class _Answer:
    """Held until it is known whether it is the client's."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    async def take(self, event: Event) -> None:
        self._events.append(event)

    async def say(self, send: Send) -> None:
        for event in self._events:
            await send(event)


def _exchange_about(scope: Scope) -> UploadExchange:
    said = {name: value for name, value in scope["headers"] if name in _OF_BODY}
    length = said.get(b"content-length", b"")
    return UploadExchange(
        content_type=said.get(b"content-type", b"").decode("latin-1"),
        content_length=int(length) if length.isdigit() else None,
    )


def _without_body(scope: Scope) -> list[tuple[bytes, bytes]]:
    return [*((name, value) for name, value in scope["headers"] if name not in _OF_BODY), (b"content-length", b"0")]


def _empty_body() -> Receive:
    is_asked = False

    async def receive() -> Event:
        nonlocal is_asked
        if is_asked:
            # Whether the client has gone is not looked for while it is asked: its body would be taken for that.
            await asyncio.Event().wait()
        is_asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive
