"""Reads the log of changes over HTTP, page by page, as a client does after `resync`."""

from __future__ import annotations

import msgspec

from tests.faults.wire import Change, ask

#: A page of history is waited for so long.
PAGE_SECONDS = 20


class Page(msgspec.Struct):
    results: list[Change]
    next: str | None


_pages = msgspec.json.Decoder(Page)


async def changes_after(rev: int, *, channel: int, port: int, login: str) -> Page:
    """Raises OSError, TimeoutError; ValueError for anything but 200."""
    path = f"/api/v1/channels/{channel}/changes/?since={rev}"
    status, body = await ask(port, login, "GET", path, seconds=PAGE_SECONDS)
    if status != 200:
        raise ValueError(status)
    return _pages.decode(body)
