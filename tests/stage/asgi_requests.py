"""One request to an ASGI application, without a server."""

import asyncio
from collections.abc import Sequence
from typing import Any

from chatproject.serving.refusals import Application


async def ask(
    application: Application,
    path: str = "/version",
    headers: Sequence[tuple[bytes, bytes]] = (),
    *,
    has_left: bool = False,
    leaves: asyncio.Event | None = None,
) -> list[dict[str, Any]]:
    """The events of the answer. has_left: the client leaves after its request; leaves: as soon as this is set."""
    heard: list[dict[str, Any]] = []
    leaves = leaves or asyncio.Event()
    if has_left:
        leaves.set()
    said = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if said:
            return said.pop()
        await leaves.wait()
        return {"type": "http.disconnect"}

    async def send(event: dict[str, Any]) -> None:
        heard.append(event)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b""}
    peers = {"client": ("127.0.0.1", 1), "server": ("localhost", 80)}
    await application({**scope, **peers, "headers": [(b"host", b"localhost"), *headers]}, receive, send)
    return heard
