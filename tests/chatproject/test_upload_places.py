"""Places for uploads: a user with many slow uploads gives up a place if another user would be refused, and keeps the bytes."""

import asyncio
import dataclasses
from collections.abc import MutableMapping
from typing import IO, Any

import pytest

from chat.files.upload_exchange import EXCHANGE, Body
from chatproject.serving import upload_places
from chatproject.serving.uploads import Uploading
from delivery.wire.errors import Unavailable
from tests.stage.servers import expect


@dataclasses.dataclass
class House:
    """Uploads of users by number; what the view got of each of them, in the order in which they ended."""

    got: list[tuple[int, Any]] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self._uploading = Uploading(self._view)
        self.reading = 0

    async def _view(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        talk, user = scope[EXCHANGE], int(scope["path"].rsplit("/", 1)[1])
        if talk.got:
            self.got.append((user, said(talk.got[-1])))
        else:
            talk.source, talk.wants = user, Body(100)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def upload(self, user: int, *pieces: bytes, is_whole: bool = False) -> None:
        events = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]

        async def receive() -> Any:
            if events:
                return events.pop(0)
            if is_whole:
                return {"type": "http.request", "body": b"", "more_body": False}
            self.reading += 1
            return await asyncio.Event().wait()

        async def send(event: Any) -> None:
            pass

        path = f"/api/v1/files/uploads/{user}"
        await self._uploading({"type": "http", "method": "PATCH", "path": path, "headers": []}, receive, send)


def said(got: Any) -> Any:
    if isinstance(got, Exception):
        return type(got)
    file: IO[bytes] = got
    file.seek(0)
    return file.read()


@pytest.fixture
def house(settings: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, uploads_under_way=2)
    monkeypatch.setattr(upload_places, "GIVES_WAY_SECONDS", 0)
    return House()


async def both_places(house: House, *users: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(house.upload(user, b"so far")) for user in users]
    await expect(lambda: house.reading == len(users))
    return tasks


async def test_a_slow_upload_of_who_has_many_gives_way_and_what_came_of_it_is_kept(house: House) -> None:
    first, second = await both_places(house, 1, 1)
    await house.upload(2, b"all of it", is_whole=True)
    await first
    assert sorted(house.got) == [(1, b"so far"), (2, b"all of it")]
    assert not second.done()
    second.cancel()


async def test_nobody_gives_way_to_who_has_as_many_nor_before_it_is_slow(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = await both_places(house, 1, 2)
    await house.upload(1, b"one more", is_whole=True)
    monkeypatch.setattr(upload_places, "GIVES_WAY_SECONDS", 60)
    await house.upload(3, b"of another", is_whole=True)
    assert house.got == [(1, Unavailable), (3, Unavailable)]
    for task in tasks:
        task.cancel()
