"""A web process with small limits, so that what is too much is still little; it is shared by all tests of this room."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Cast
from tests.stage.servers import Server

SMALL = {
    "GAPLESS_LIMIT_FILE_BYTES": "300000",
    "GAPLESS_LIMIT_QUOTA_MEGABYTES": "1",
    "GAPLESS_LIMIT_UPLOADS_PER_MINUTE": "0",
    "GAPLESS_LIMIT_MESSAGES_PER_MINUTE": "0",
}


@pytest.fixture
def http(cast: Cast, kept_server: Callable[..., Server]) -> Iterator[dict[str, httpx.Client]]:
    """Each of the cast, as a program."""
    server = kept_server(**SMALL)
    clients = {name: server.http(token) for name, token in cast.tokens.items()}
    yield clients
    for client in clients.values():
        client.close()


def give(client: httpx.Client, content: bytes, name: str = "file", **more: Any) -> httpx.Response:
    return client.post("/files/", files={"file": (name, content, more.pop("type", "application/octet-stream"))}, **more)


def given(client: httpx.Client, content: bytes, name: str = "file") -> Any:
    answer = give(client, content, name)
    assert answer.status_code == 201, answer.text
    return answer.json()
