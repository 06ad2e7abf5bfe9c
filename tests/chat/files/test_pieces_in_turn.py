"""Concurrent requests for one upload: cancelled while its bytes are stored, grown over the quota at the same moment."""

import asyncio
import dataclasses
import io
import threading
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest
from django.db import connections, transaction

from chat.files import services, storage
from chat.files.sanitizing import SanitizedFile, sanitize
from chat.files.upload_exchange import EXCHANGE, Work
from chat.models import File
from chatproject.serving.uploads import Uploading
from delivery.wire import errors
from tests.conftest import Cast
from tests.stage.files import content_of, sanitized
from tests.stage.servers import expect


@pytest.fixture
def given_up_while_stored(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> Callable[[str], None]:
    """Its giver gives the upload up just before, or just after, bytes of it are stored."""
    put = storage.put

    def arm(moment: str) -> None:
        def putting(*args: Any) -> None:
            monkeypatch.setattr(storage, "put", put)
            if moment == "after":
                put(*args)
            services.give_up_upload(cast.bob, File.objects.get().pk)
            if moment == "before":
                put(*args)

        monkeypatch.setattr(storage, "put", putting)

    return arm


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_piece_of_what_is_given_up_meanwhile_leaves_nothing(
    cast: Cast, given_up_while_stored: Callable[[str], None], moment: str
) -> None:
    row = services.begin_upload(cast.bob, name="plan.txt", size=6)
    given_up_while_stored(moment)
    with pytest.raises(errors.NotFound):
        services.take_piece(cast.bob, row.pk, offset=0, content=io.BytesIO(b"one"))
    assert content_of(row.folder) == []


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_file_that_is_given_up_before_it_is_whole_leaves_nothing(
    cast: Cast, given_up_while_stored: Callable[[str], None], moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[str] = []
    put = storage.put

    def noting(folder: str, *more: Any) -> None:
        folders.append(folder)
        put(folder, *more)

    monkeypatch.setattr(storage, "put", noting)
    given_up_while_stored(moment)
    with pytest.raises(errors.NotFound):
        services.store_file(cast.bob, sanitize(io.BytesIO(b"the plan"), name="plan.txt"))
    assert [content_of(folder) for folder in {*folders}] in ([], [[]])
    assert not File.objects.exists()


@pytest.mark.django_db
def test_an_upload_that_is_given_up_before_its_end_is_no_file(cast: Cast) -> None:
    row = services.begin_upload(cast.bob, name="plan.txt", size=4)
    row = services.take_piece(cast.bob, row.pk, offset=0, content=io.BytesIO(b"plan"))
    whole = sanitize(services.assembled(row), name=row.name)
    services.give_up_upload(cast.bob, row.pk)
    with pytest.raises(errors.NotFound):
        services.finish_upload(row, whole)
    assert content_of(row.folder) == []


@pytest.mark.django_db
def test_a_full_disk_costs_a_piece_and_not_the_upload(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    row = services.begin_upload(cast.bob, name="plan.txt", size=4)
    monkeypatch.setattr(storage, "put", full)
    with pytest.raises(errors.Unavailable):
        services.take_piece(cast.bob, row.pk, offset=0, content=io.BytesIO(b"plan"))
    monkeypatch.undo()
    assert services.take_piece(cast.bob, row.pk, offset=0, content=io.BytesIO(b"plan")).pieces


@pytest.mark.holds("quota_megabytes")
@pytest.mark.django_db(transaction=True)
def test_pictures_that_grow_at_the_same_moment_never_pass_the_quota(cast: Cast, settings: Any) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, quota_megabytes=1)
    rows = [services.begin_upload(cast.bob, name="drawn.png", size=4) for _ in range(2)]
    grown = [
        SanitizedFile(name="drawn.png", type="image/png", size=600_000, content=io.BytesIO(b"grown")) for _ in rows
    ]
    outcomes: list[Any] = []

    def second() -> None:
        try:
            outcomes.append(services.finish_upload(rows[1], grown[1]))
        except errors.Quota as refused:
            outcomes.append(refused)
        finally:
            connections.close_all()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        services.finish_upload(rows[0], grown[0])
        thread.start()
        thread.join(0.3)
        assert outcomes == []
    thread.join()
    assert isinstance(outcomes[0], errors.Quota)
    assert content_of(rows[1].folder) == []


async def test_one_persons_pictures_are_drawn_one_after_the_other() -> None:
    drawn: list[int] = []
    goes_on = threading.Event()

    def draw(user: int) -> Any:
        drawn.append(user)
        goes_on.wait(10 if user == 1 else 0)
        return sanitized(b"drawn", "drawn.txt")

    async def application(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        exchange = scope[EXCHANGE]
        if not exchange.got:
            exchange.source = int(scope["path"].rsplit("/", 1)[1])
            exchange.wants = Work(lambda: draw(exchange.source))
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def nothing(*_: Any) -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def upload(user: int) -> None:
        path = f"/api/v1/files/uploads/{user}"
        await uploading({"type": "http", "method": "PATCH", "path": path, "headers": []}, nothing, nothing)

    uploading = Uploading(application)
    slow = [asyncio.create_task(upload(1)) for _ in range(3)]
    await expect(lambda: drawn)
    await upload(2)
    assert drawn == [1, 2]
    goes_on.set()
    await asyncio.gather(*slow)
    assert sorted(drawn) == [1, 1, 1, 2]
