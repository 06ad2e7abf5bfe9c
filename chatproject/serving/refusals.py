"""Refusals before Django is called: problem documents for programs and handshakes, pages for browsers."""

import asyncio
import dataclasses
import math
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from chatproject.serving import measuring, refused_page
from delivery.wire.codec import encode
from delivery.wire.problems import spell_problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Seconds before a refusal, so that a client that repeats at once is refused twice a second, not as often as it can ask.
LATER_SECONDS = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refusal:
    """A refusal. `reason`: its label in the metrics; `retry_after`: seconds, if a later try makes sense."""

    status: HTTPStatus
    code: str
    detail: str
    reason: str
    retry_after: float | None = None
    #: Also after this answer the connection can be used.
    keeps_connection: bool = False


NOT_UNDERSTOOD = Refusal(
    status=HTTPStatus.BAD_REQUEST, code="invalid", detail="This is no HTTP request that can be read.", reason="not_http"
)
HEAD_TOO_BIG = Refusal(
    status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    code="invalid",
    detail="The head of the request is too large.",
    reason="big_head",
)
HEAD_TOO_SLOW = Refusal(
    status=HTTPStatus.REQUEST_TIMEOUT,
    code="invalid",
    detail="The head of the request did not come in time.",
    reason="slow_head",
)
BODY_TOO_BIG = Refusal(
    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, code="invalid", detail="The request is too large.", reason="big_body"
)
BODY_TOO_SLOW = Refusal(
    status=HTTPStatus.REQUEST_TIMEOUT,
    code="invalid",
    detail="The body of the request did not come in time.",
    reason="slow_body",
)
TOO_MANY_BODIES = Refusal(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="unavailable",
    detail="Too many requests are being sent at the moment.",
    reason="many_bodies",
    retry_after=1,
)
NO_PLACE = Refusal(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="unavailable",
    detail="Too many requests are waiting at the moment.",
    reason="no_place",
    retry_after=1,
    keeps_connection=True,
)
NO_CONNECTION = Refusal(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="unavailable",
    detail="There are too many connections at the moment.",
    reason="no_connection",
    retry_after=1,
)
ENDING = Refusal(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="unavailable",
    detail="This server is about to end, and had no more time for the request.",
    reason="ending",
    retry_after=1,
)
TOO_OFTEN = Refusal(
    status=HTTPStatus.TOO_MANY_REQUESTS,
    code="rate_limited",
    detail="That was too much in too short a time from your address.",
    reason="too_often",
)
EVERY = (
    NOT_UNDERSTOOD, HEAD_TOO_BIG, HEAD_TOO_SLOW, BODY_TOO_BIG, BODY_TOO_SLOW, TOO_MANY_BODIES, NO_PLACE, NO_CONNECTION,
    ENDING, TOO_OFTEN,
)  # fmt: skip
# A counter that begins with its first event is not seen to rise by it.
for _known in EVERY:
    measuring.door_refusals.labels(_known.reason)


async def answer(
    refusal: Refusal, scope: Scope, receive: Receive, send: Send, *, headers: Mapping[str, str] | None = None
) -> None:
    """Refuses a request or a handshake; a handshake with 403 if the server can't say more.

    A client that should come back later gets the answer after a moment, because immediate repeats would keep the process busy.
    """
    if refusal.retry_after is not None:
        await asyncio.sleep(LATER_SECONDS)
    kind = "http.response"
    if scope["type"] == "websocket":
        await receive()
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close"})
            return
        kind = "websocket.http.response"
    await _say(refusal, scope, kind, send, headers or {})


async def end_unless_answered(application: Application, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers requests that the process's end cuts off, so that clients repeat them elsewhere; uvicorn would answer 500."""
    is_answered = is_cut = False

    async def noting(event: MutableMapping[str, Any]) -> None:
        nonlocal is_answered
        if not is_cut:
            is_answered = True
            await send(event)

    try:
        await application(scope, receive, noting)
    except asyncio.CancelledError:
        if is_answered:
            raise
        is_cut = True
        await _say(ENDING, scope, "http.response", send, {})


async def _say(refusal: Refusal, scope: Scope, kind: str, send: Send, headers: Mapping[str, str]) -> None:
    measuring.door_refusals.labels(refusal.reason).inc()
    again, kinds = _seconds(refusal.retry_after), {}
    if refused_page.is_wanted(scope):
        body = refused_page.spell(refusal.status, refusal.detail, method=scope["method"], retry_after=again)
        kinds = refused_page.HEADERS
    else:
        body = _problem(refusal)
    said = {**_headers(refusal, body), **kinds, **headers}
    pairs = [(name.encode(), value.encode()) for name, value in said.items()]
    await send({"type": f"{kind}.start", "status": int(refusal.status), "headers": pairs})
    await send({"type": f"{kind}.body", "body": body})


def as_bytes(refusal: Refusal) -> bytes:
    """The whole answer as bytes, for a connection without a valid request; it is counted like the others."""
    measuring.door_refusals.labels(refusal.reason).inc()
    body = _problem(refusal)
    lines = [f"HTTP/1.1 {int(refusal.status)} {refusal.status.phrase}"]
    lines += [f"{name}: {value}" for name, value in _headers(refusal, body).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _problem(refusal: Refusal) -> bytes:
    again = _seconds(refusal.retry_after)
    return encode(spell_problem(refusal.code, refusal.detail, status=refusal.status, retry_after=again))


def _headers(refusal: Refusal, body: bytes) -> dict[str, str]:
    headers = {
        "content-type": "application/problem+json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
    }
    if refusal.retry_after is not None:
        headers["retry-after"] = str(_seconds(refusal.retry_after))
    if not refusal.keeps_connection:
        headers["connection"] = "close"
    return headers


def _seconds(exact: float | None) -> int | None:
    return None if exact is None else max(1, math.ceil(exact))
