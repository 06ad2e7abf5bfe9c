"""The bounds of HTTP: a request's body is read before it takes a place, and only so many requests have a place at once.

So a client's slow line costs no place, and sockets keep their share of the database.
"""

import contextlib
import functools
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from chat.addresses import line_of
from chat.middleware.requests import TELL_USER
from chat.middleware.watched import ALWAYS_ANSWERED
from chatproject.serving import refusals
from chatproject.serving.bodies import Bodies, BodyRefused
from chatproject.serving.leaving import has_left
from chatproject.serving.lingering import answer_and_read_away
from chatproject.serving.measuring import http_places_taken, http_waiting
from chatproject.serving.request_threads import CAME_AT
from chatproject.serving.user_places import UserPlaces
from delivery.places import NoPlace, Places

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: How many requests of each always answered path run at once: they need a thread and maybe a connection too.
WATCHED_PLACES, WATCHED_WAITING = 2, 16

#: After so long a waiting client may have left: a page sends a new request with each letter of a search, and drops the one before.
WAITED_SECONDS = 0.05
#: Requests that change something run even if no client waits for the answer any more.
_READS = ("GET", "HEAD")

#: A POST to these paths hashes a password, which is slow on purpose: together they have at most a third of the places.
HASHING = ("/sign-in/", "/sign-up/", "/password/", "/invite/", "/new-password/", "/setup/")


def _note(taken: int, waiting: int) -> None:
    http_places_taken.set(taken)
    http_waiting.set(waiting)


#: The places of this process: a third of the pool works for HTTP.
places = Places(max(2, settings.DATABASE_POOL // 3), waiting=settings.LIMITS.requests_waiting, note=_note)


class Bounded:
    """The application behind its bounds: 413, 408 and 503 come from here, without a thread or a database connection."""

    def __init__(self, application: Application, places: Places) -> None:
        self._application = application
        self._places = places
        self._watched = {path: Places(WATCHED_PLACES, waiting=WATCHED_WAITING) for path in ALWAYS_ANSWERED}
        self._people = UserPlaces(_at_once(places.count), waiting=settings.LIMITS.requests_waiting)
        self._hashing = Places(max(1, places.count // 3), waiting=settings.LIMITS.requests_waiting)
        limits = settings.LIMITS
        self._bodies = Bodies(
            most_bytes=limits.request_bytes, seconds=limits.request_seconds, most_unfinished=limits.unfinished_bytes
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self._bodies.read(scope, receive)
        except BodyRefused as refused:
            await _refuse(refused.refusal, scope, receive, send)
            return
        if body is None:
            return
        whole = _replaying(body, receive)
        came_at = time.monotonic()
        async with contextlib.AsyncExitStack() as taken:
            try:
                # The narrower bounds are taken first, so that a request that waits for them keeps no place from others.
                if scope["path"] not in ALWAYS_ANSWERED and (own := await self._people.take(scope)):
                    taken.callback(own)
                for places in self._places_for(scope):
                    taken.callback(await places.take(_line(scope)))
            except NoPlace:
                await taken.aclose()
                await refusals.answer(refusals.NO_PLACE, scope, receive, send)
                return
            has_waited = time.monotonic() - came_at >= WAITED_SECONDS
            if has_waited and scope["method"] in _READS and await has_left(receive):
                return
            whose = {TELL_USER: functools.partial(self._people.learn, scope)}
            await self._application({**scope, **whose, CAME_AT: came_at}, whole, _leaving(send, taken))

    def _places_for(self, scope: Scope) -> tuple[Places, ...]:
        path = scope["path"]
        if path in ALWAYS_ANSWERED:
            return (self._watched[path],)
        is_hashing = scope["method"] == "POST" and f"{path}/".startswith(HASHING)
        return (self._hashing, self._places) if is_hashing else (self._places,)


def _at_once(places: int) -> int:
    # At least one place is always left for another user.
    most = settings.LIMITS.requests_at_once
    return most and max(1, min(most, places - 1))


def _line(scope: Scope) -> str:
    client = scope.get("client")
    return line_of(client[0]) if client else ""


def _replaying(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def replay() -> Event:
        # After the body the application waits for the client's disconnect.
        return {"type": "http.request", "body": waiting.pop(), "more_body": False} if waiting else await receive()

    return replay


def _leaving(send: Send, taken: contextlib.AsyncExitStack) -> Send:
    # The place is free before the first byte goes out (as the connection is, request_threads.py), so a slow reader keeps none.
    async def leaving_send(event: Event) -> None:
        if event["type"] == "http.response.start":
            await taken.aclose()
        await send(event)

    return leaving_send


async def _refuse(refusal: refusals.Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    async def answer(send: Send) -> None:
        await refusals.answer(refusal, scope, receive, send)

    if refusal is refusals.BODY_TOO_BIG:
        await answer_and_read_away(answer, receive, send)
    else:
        await answer(send)
