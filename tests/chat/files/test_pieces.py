"""Uploads in pieces: pieces that arrived survive the end of a connection or process, and no file is ever half stored."""

import asyncio
import dataclasses
import io
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.test import Client

from chat.files import services, storage
from chat.files.sanitizing import sanitize
from chat.files.services import pieces
from chat.models import File, User
from chatproject.serving import receiving
from delivery.wire import errors
from tests.chat.files.conftest import SMALL, give
from tests.conftest import Cast, in_thread, said
from tests.stage import pictures
from tests.stage.callers import browser
from tests.stage.files import content_of, kept, sanitized
from tests.stage.servers import Server, expect


def begin(client: httpx.Client, size: int, name: str = "plan.bin") -> str:
    answer = client.post("/files/uploads/", json={"name": name, "size": size})
    assert answer.status_code == 201, answer.text
    return f"/files/uploads/{answer.json()['id']}/"


def send(client: httpx.Client, upload: str, content: bytes, *, offset: int) -> httpx.Response:
    return client.patch(upload, params={"offset": offset}, content=content)


def test_a_file_comes_in_pieces_and_is_whole_with_the_last(http: dict[str, httpx.Client]) -> None:
    content = pictures.picture(size=(300, 200))
    upload = begin(http["bob"], len(content), "plan.png")
    first = send(http["bob"], upload, content[:100], offset=0)
    assert (first.status_code, first.json()["offset"], first.json()["file"]) == (200, 100, None)
    assert http["bob"].get(upload).json()["offset"] == 100
    last = send(http["bob"], upload, content[100:], offset=100).json()["file"]
    assert (last["type"], last["width"], last["height"]) == ("image/png", 300, 200)
    # Who has not heard the answer asks again, or sends the end again.
    assert http["bob"].get(upload).json()["file"] == last
    assert send(http["bob"], upload, b"", offset=len(content)).json()["file"] == last
    assert http["bob"].get(f"/files/{last['id']}/").status_code == 200


@pytest.mark.parametrize(
    ("offset", "content", "status", "code"),
    [(5, b"x", 409, "conflict"), (0, b"x" * 11, 400, "invalid"), ("", b"x", 400, "invalid")],
)
def test_a_piece_that_does_not_go_on_is_refused(
    http: dict[str, httpx.Client], offset: Any, content: bytes, status: int, code: str
) -> None:
    upload = begin(http["bob"], 10)
    answer = send(http["bob"], upload, content, offset=offset)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert http["bob"].get(upload).json()["offset"] == 0


def test_an_upload_is_its_givers_alone_and_can_be_given_up(http: dict[str, httpx.Client]) -> None:
    upload = begin(http["bob"], 10)
    send(http["bob"], upload, b"12345", offset=0)
    assert http["alice"].get(upload).status_code == 404
    assert send(http["alice"], upload, b"12345", offset=5).status_code == 404
    assert http["alice"].delete(upload).status_code == 404
    assert http["bob"].get(upload).json()["offset"] == 5
    assert [http["bob"].delete(upload).status_code for _ in range(2)] == [204, 404]
    assert not File.objects.exists()


def test_what_can_be_no_file_is_gone_with_its_last_piece(http: dict[str, httpx.Client]) -> None:
    upload = begin(http["bob"], len(pictures.HTML), "picture.png")
    answer = send(http["bob"], upload, pictures.HTML, offset=0)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type")
    assert http["bob"].get(upload).status_code == 404


async def test_an_upload_outlives_a_cut_and_its_process(
    cast: Cast, http: dict[str, httpx.Client], own_server: Callable[..., Server]
) -> None:
    content = bytes(range(256)) * 800
    first = await in_thread(own_server, **SMALL)
    upload = await in_thread(begin, first.http(cast.token(cast.bob)), len(content))
    with socket.create_connection(("127.0.0.1", first.port), timeout=5) as line:
        lines = [
            f"PATCH /api/v1{upload}?offset=0 HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {cast.token(cast.bob)}",
            f"Content-Length: {len(content)}",
        ]
        line.sendall("\r\n".join([*lines, "", ""]).encode() + content[:150_000])
    # The line is cut here; what came is kept.
    await expect(lambda: in_thread(lambda: http["bob"].get(upload).json()["offset"] == 150_000))
    first.kill()
    whole = await in_thread(send, http["bob"], upload, content[150_000:], offset=150_000)
    file = whole.json()["file"]
    assert (await in_thread(http["bob"].get, f"/files/{file['id']}/")).content == content


@pytest.mark.holds("quota_megabytes", "uploads_at_once")
def test_uploads_at_the_same_moment_never_pass_the_quota(http: dict[str, httpx.Client]) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: give(http["bob"], bytes(300_000)), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 429]
    assert [answer.json()["code"] for answer in answers if answer.status_code == 429] == ["quota"]
    # Room is held by what is announced, too: 148,576 bytes are left.
    assert http["bob"].post("/files/uploads/", json={"name": "x", "size": 148_577}).json()["code"] == "quota"
    assert http["bob"].post("/files/uploads/", json={"name": "x", "size": 148_576}).status_code == 201
    assert give(http["alice"], bytes(300_000)).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_who_asks_for_room_waits_for_who_is_about_to_take_it(cast: Cast, settings: Any) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, quota_megabytes=1)
    outcomes: list[Any] = []

    def second() -> None:
        try:
            outcomes.append(services.begin_upload(cast.bob, name="second", size=600_000))
        except errors.Quota as refused:
            outcomes.append(refused)
        finally:
            connections.close_all()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        services.begin_upload(cast.bob, name="first", size=600_000)
        thread.start()
        thread.join(0.3)
        assert outcomes == []
    thread.join()
    assert isinstance(outcomes[0], errors.Quota)


# ---- within one process: where a kill -9, a full disk or a slow line would strike ----


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it is done."""


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Ends the process, as it were, before or after the n-th time that bytes are put somewhere."""

    def arm(step: int) -> None:
        steps = iter(range(100))
        put = storage.put

        def putting(*args: Any) -> None:
            if next(steps) == step:
                raise Killed
            put(*args)
            if next(steps) == step:
                raise Killed

        monkeypatch.setattr(storage, "put", putting)

    return arm


@pytest.mark.holds("orphan_hours")
@pytest.mark.django_db
@pytest.mark.parametrize("step", range(4))
def test_a_kill_between_bytes_and_row_leaves_no_file_and_nothing_behind(
    cast: Cast, kill_at: Callable[[int], None], step: int
) -> None:
    photo = sanitized(pictures.photo(), "photo.jpg")
    kill_at(step)
    with pytest.raises(Killed):
        services.store_file(cast.bob, photo)
    row = File.objects.get()
    assert row.whole_at is None
    assert len(content_of(row.folder)) == (step + 1) // 2
    File.objects.update(created_at=row.created_at.replace(year=row.created_at.year - 1))
    assert services.sweep() == 1
    assert content_of(row.folder) == []
    assert not File.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("step", range(2))
def test_a_kill_between_a_piece_and_its_row_costs_that_piece_alone(
    cast: Cast, kill_at: Callable[[int], None], step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = services.begin_upload(cast.bob, name="plan.txt", size=6)
    services.take_piece(cast.bob, row.pk, offset=0, content=io.BytesIO(b"one"))
    kill_at(step)
    with pytest.raises(Killed):
        services.take_piece(cast.bob, row.pk, offset=3, content=io.BytesIO(b"two"))
    monkeypatch.undo()
    row = services.take_piece(cast.bob, row.pk, offset=3, content=io.BytesIO(b"two"))
    row = services.finish_upload(row, sanitize(services.assembled(row), name=row.name))
    with storage.get(row.folder, storage.WHOLE) as whole:
        assert whole.read() == b"onetwo"
    services.give_up_upload(cast.bob, row.pk)
    assert content_of(row.folder) == []


@pytest.mark.django_db
def test_a_last_piece_that_comes_twice_ends_the_upload_once(cast: Cast) -> None:
    row = services.begin_upload(cast.bob, name="plan.txt", size=4)
    row = services.take_piece(cast.bob, row.pk, offset=0, content=io.BytesIO(b"plan"))
    first, second = (sanitize(services.assembled(row), name=row.name) for _ in range(2))
    whole = services.finish_upload(row, first)
    for known in (row, whole):
        assert services.finish_upload(known, second).whole_at == whole.whole_at
    assert content_of(row.folder) == [storage.WHOLE]


@pytest.mark.django_db
def test_of_two_pieces_of_one_place_one_is_taken(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    row = services.begin_upload(cast.bob, name="plan.txt", size=6)
    put = storage.put

    def overtaken(*args: Any) -> None:
        monkeypatch.setattr(storage, "put", put)
        services.take_piece(cast.bob, row.pk, offset=0, content=io.BytesIO(b"one"))
        put(*args)

    monkeypatch.setattr(storage, "put", overtaken)
    with pytest.raises(errors.Conflict):
        services.take_piece(cast.bob, row.pk, offset=0, content=io.BytesIO(b"ONE"))
    row.refresh_from_db()
    assert pieces.received(row) == 3
    assert len(content_of(row.folder)) == 1


@pytest.mark.django_db
def test_a_full_disk_is_said_and_leaves_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "put", full)
    answer = browser("bob").post("/api/v1/files/", {"file": SimpleUploadedFile("plan.txt", b"the plan")})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"]
    assert not File.objects.exists()


@pytest.mark.django_db
def test_a_file_that_a_message_takes_meanwhile_is_not_swept(cast: Cast) -> None:
    row = kept(cast.bob, b"old", "old.txt")
    File.objects.update(created_at=row.created_at.replace(year=row.created_at.year - 1))
    said(cast.bob, cast.team, files=(row.pk,))
    assert services.sweep() == 0
    assert content_of(row.folder) == [storage.WHOLE]


@pytest.mark.django_db
def test_a_browser_needs_its_token_against_forged_requests(cast: Cast) -> None:
    for method, path in [("post", "files/"), ("post", "files/uploads/"), ("delete", "files/uploads/1/")]:
        # A new one each time: the refusal brings a token, with which the next request would be read before it is refused.
        forged = Client(enforce_csrf_checks=True)
        forged.force_login(User.objects.get(username="bob"))
        assert getattr(forged, method)(f"/api/v1/{path}").status_code == 403


async def test_a_body_that_is_too_slow_is_cut_and_what_came_of_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "WITHIN_SECONDS", 0.05)
    events = iter([{"type": "http.request", "body": b"slow", "more_body": True}])

    async def receive() -> Any:
        return next(events, None) or await asyncio.Event().wait()

    with ThreadPoolExecutor(1) as disk:
        kept = await receiving.receive_body(receive, most=100, disk=disk)
        assert kept.seek(0, 2) == 4
        with pytest.raises(errors.TooSlow):
            await receiving.receive_form(receive, "multipart/form-data; boundary=x", most=100, disk=disk)
