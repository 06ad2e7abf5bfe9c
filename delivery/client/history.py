"""A channel's messages over HTTP, in the order of their numbers: what a client reads after `resync`, and never in haste."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from http.client import HTTPException
from typing import Any

import msgspec

from delivery.client import backoff
from delivery.client.connection import CommandRefused, Frame

#: A page is waited for so long.
PAGE_SECONDS = 20


class _MayPass(Exception):
    """Refused or unanswered for now. `retry_after`: seconds that the server named."""

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after


async def read_after(seq: int, *, channel: int, urls: Sequence[str], token: str) -> AsyncIterator[Frame]:
    """Yields every message after `seq`, page by page. urls: addresses of sockets, tried in turn.

    After 429, 5xx or no answer it waits with jitter, at least as long as the server named. Raises CommandRefused for other
    refusals.
    """
    is_more = True
    while is_more:
        page = await _page(f"channels/{channel}/messages/?after={seq}", urls, token)
        for message in reversed(page["results"]):
            yield message
            seq = message["seq"]
        is_more = page["previous"] is not None


async def _page(path: str, urls: Sequence[str], token: str) -> dict[str, Any]:
    refusals = 0
    while True:
        url = urls[refusals % len(urls)].replace("ws", "http", 1).removesuffix("/ws/") + "/api/v1/" + path
        try:
            return await asyncio.to_thread(_get, url, token)
        except _MayPass as refused:
            refusals += 1
            await asyncio.sleep(backoff.after_refusal(refusals, refused.retry_after))


def _get(url: str, token: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 (the caller's own)
    try:
        with urllib.request.urlopen(request, timeout=PAGE_SECONDS) as answer:  # noqa: S310
            return msgspec.json.decode(answer.read())
    except urllib.error.HTTPError as error:
        raise _refusal(error) from None
    except (OSError, HTTPException, msgspec.DecodeError):
        raise _MayPass from None


def _refusal(error: urllib.error.HTTPError) -> Exception:
    if error.code == 429 or error.code >= 500:
        named = error.headers.get("Retry-After", "")
        return _MayPass(float(named) if named.isdecimal() else None)
    try:
        problem = msgspec.json.decode(error.read())
    except (OSError, HTTPException, msgspec.DecodeError):
        problem = {}
    return CommandRefused({"code": "internal", "detail": f"HTTP {error.code}", **problem})
