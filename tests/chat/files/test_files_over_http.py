"""Files over HTTP as a client sees them: accepted types, refusals, and who may download."""

import io
import socket
import uuid
from typing import Any

import httpx
import pytest
from PIL import Image

from chat import services
from chat.models import File
from tests.chat.files.conftest import give, given
from tests.conftest import Cast, in_thread
from tests.stage import pictures
from tests.stage.servers import expect


def posted(client: httpx.Client, cast: Cast, *files: int, body: str = "") -> httpx.Response:
    said = {"client_msg_id": str(uuid.uuid4()), "body": body, "files": list(files)}
    return client.post(f"/channels/{cast.team.pk}/messages/", json=said)


@pytest.mark.parametrize(
    ("content", "name", "kind", "is_shown"),
    [
        (pictures.picture(), "plan.png", "image/png", True),
        (pictures.picture("GIF"), "plan.gif", "image/gif", True),
        (pictures.picture("WEBP"), "no-ending", "image/webp", True),
        (pictures.picture("JPEG"), "wrong.png", "image/jpeg", True),
        (pictures.sound(), "tone.wav", "audio/wav", True),
        (pictures.HTML, "page.html", "text/html", False),
        (pictures.HTML, "notes.txt", "text/html", False),
        (pictures.SVG, "drawing.svg", "image/svg+xml", False),
        (pictures.PDF, "plan.pdf", "application/pdf", False),
        (pictures.archive(), "plan.zip", "application/zip", False),
        (b"BM is how a bitmap begins", "bm.txt", "text/plain", False),
        (b"hello", "hello.md", "text/plain", False),
        (bytes(range(7, 200)), "data", "application/octet-stream", False),
    ],
)
def test_a_file_is_what_its_content_says_and_only_what_runs_nothing_is_shown(
    http: dict[str, httpx.Client], content: bytes, name: str, kind: str, is_shown: bool
) -> None:
    file = given(http["bob"], content, name)
    assert (file["name"], file["type"]) == (name, kind)
    answer = http["bob"].get(f"/files/{file['id']}/")
    assert answer.status_code == 200
    assert len(answer.content) == file["size"]
    if not is_shown:
        assert answer.content == content
    assert answer.headers["content-disposition"].startswith("inline" if is_shown else "attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.holds("file_bytes", "image_pixels")
@pytest.mark.parametrize(
    ("content", "name", "status", "code"),
    [
        (b"", "empty.txt", 400, "invalid"),
        (bytes(300_001), "large.bin", 413, "too_big"),
        (bytes(30_000_000), "huge.bin", 413, "too_big"),
        (pictures.enormous(), "enormous.png", 400, "invalid"),
        (pictures.HTML, "picture.png", 415, "unsupported_type"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "broken.png", 415, "unsupported_type"),
        (pictures.SVG, "sound.mp3", 415, "unsupported_type"),
        (pictures.zip_bomb(), "bomb.zip", 415, "unsupported_type"),
        (pictures.zip_bomb("word/document.xml"), "letter.docx", 415, "unsupported_type"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50), "photo.heic", 415, "unsupported_type"),
    ],
)
def test_a_file_that_is_not_taken_gets_a_code_and_a_sentence_and_leaves_nothing(
    http: dict[str, httpx.Client], content: bytes, name: str, status: int, code: str
) -> None:
    answer = give(http["bob"], content, name)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"].endswith(".")
    assert not File.objects.exists()


def test_the_largest_file_is_taken(http: dict[str, httpx.Client]) -> None:
    assert given(http["bob"], bytes(300_000))["size"] == 300_000


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\bob\\plan.txt", "plan.txt"),
        ("harmless\u202etxt.exe", "harmlesstxt.exe"),
        ("b\nc\u200b.txt", "b c.txt"),
        ("..", "file"),
        ("x" * 300 + ".txt", "x" * 116 + ".txt"),
        ("\u0338" * 100, "file"),
        ("\u3164\u2800", "file"),
        ("Z" + "\u0338" * 90 + "algo.txt", "Z" + "\u0338" * 3 + "algo.txt"),
        ("👩‍👩‍👧 می‌خواهم.txt", "👩‍👩‍👧 می‌خواهم.txt"),
    ],
)
def test_a_name_has_no_path_and_nothing_that_nobody_sees(
    http: dict[str, httpx.Client], given_name: str, name: str
) -> None:
    upload = http["bob"].post("/files/uploads/", json={"name": given_name, "size": 5})
    assert upload.json()["name"] == name
    assert given(http["bob"], b"hello", given_name)["name"] == name


def test_a_photo_loses_what_the_camera_wrote_and_stands_upright(http: dict[str, httpx.Client]) -> None:
    content = pictures.photo()
    assert b"Phone of Bob" in content
    file = given(http["bob"], content, "photo.jpg")
    assert (file["width"], file["height"]) == (900, 1600)
    for path in (file["url"], file["preview"]):
        kept = http["bob"].get(f"/files/{path.removeprefix('/files/')}").content
        for told in (b"Phone of Bob", b"taken at home", b"Exif", b"GPS"):
            assert told not in kept
        image = Image.open(io.BytesIO(kept))
        assert image.width < image.height
        assert max(image.size) <= 1600


def test_members_of_the_messages_channel_get_its_file_and_nobody_else(
    http: dict[str, httpx.Client], cast: Cast
) -> None:
    file = given(http["bob"], b"the plan", "plan.txt")
    path = f"/files/{file['id']}/"
    seen = {name: http[name].get(path).status_code for name in http}
    assert seen == {"alice": 404, "bob": 200, "charlie": 404, "vera": 404, "sam": 404}
    message = posted(http["bob"], cast, file["id"]).json()
    assert message["files"][0]["id"] == file["id"]
    seen = {name: http[name].get(path).status_code for name in http}
    assert seen == {"alice": 200, "bob": 200, "charlie": 404, "vera": 404, "sam": 404}
    tag = http["alice"].get(path).headers["etag"]
    assert http["alice"].get(path, headers={"If-None-Match": tag}).status_code == 304
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    # Not even its uploader, with a cached copy.
    assert http["bob"].get(path, headers={"If-None-Match": tag}).status_code == 404


async def test_a_file_is_gone_with_its_message_at_once_and_its_bytes_soon(
    http: dict[str, httpx.Client], cast: Cast
) -> None:
    file = given(http["bob"], b"the plan", "plan.txt")
    message = posted(http["bob"], cast, file["id"]).json()
    gone = http["bob"].delete(f"/channels/{cast.team.pk}/messages/{message['id']}/")
    assert gone.json()["files"] == []
    assert http["alice"].get(f"/files/{file['id']}/").status_code == 404
    assert posted(http["bob"], cast, file["id"]).status_code == 404
    # By the sweep of the process.
    await expect(lambda: in_thread(lambda: not File.objects.exists()))


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=4-", 206, b"456789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-100", 206, b"89"),
        ("bytes=10-", 416, b""),
        ("bytes=5-2", 416, b""),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=0-" + "9" * 5000, 200, b"0123456789"),
        ("bytes=" + "9" * 5000 + "-", 200, b"0123456789"),
        ("bytes=-" + "9" * 18, 200, b"0123456789"),
    ],
)
def test_sound_and_video_are_read_in_ranges(
    http: dict[str, httpx.Client], asked: str, status: int, content: bytes
) -> None:
    file = given(http["bob"], b"0123456789")
    answer = http["bob"].get(f"/files/{file['id']}/", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, content)


def test_messages_refuse_files_with_the_codes_of_the_contract(http: dict[str, httpx.Client], cast: Cast) -> None:
    files = [given(http["bob"], b"one")["id"] for _ in range(11)]
    unfinished = http["bob"].post("/files/uploads/", json={"name": "later", "size": 5}).json()["id"]

    def said(*files: Any, by: str = "bob") -> tuple[int, str]:
        answer = posted(http[by], cast, *files)
        return answer.status_code, answer.json().get("code", "")

    assert said(*files) == (400, "invalid")
    assert said(files[0], files[0]) == (400, "invalid")
    assert said(unfinished) == (400, "invalid")
    assert said(files[0], by="alice") == (404, "not_found")
    assert said(10**12) == (404, "not_found")
    assert said() == (400, "empty")
    assert said(*files[:10]) == (201, "")
    assert said(files[0]) == (409, "conflict")


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415, "unsupported_type"),
        ({"Content-Type": "multipart/form-data"}, b"", 415, "unsupported_type"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"nonsense", 400, "invalid"),
        (
            {"Content-Type": "multipart/form-data; boundary=x"},
            b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\nhi\r\n--x--\r\n',
            *(400, "invalid"),
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=x"},
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nnot whole',
            *(400, "invalid"),
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=x"},
            b"--x\r\n" + b"".join(b"X-%d: y\r\n" % each for each in range(100)),
            *(400, "invalid"),
        ),
    ],
)
def test_what_is_no_form_with_a_file_is_refused(
    http: dict[str, httpx.Client], headers: dict[str, str], content: bytes, status: int, code: str
) -> None:
    answer = http["bob"].post("/files/", headers=headers, content=content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_who_may_not_upload_is_refused_before_a_byte_is_taken(http: dict[str, httpx.Client]) -> None:
    address = http["bob"].base_url
    for secret, status in [("gapless_nobody", 401), (http["bob"].headers["Authorization"].split()[1], 413)]:
        with socket.create_connection((address.host, address.port), timeout=5) as line:
            lines = [
                "POST /api/v1/files/ HTTP/1.1",
                "Host: localhost",
                f"Authorization: Bearer {secret}",
                "Content-Type: multipart/form-data; boundary=x",
                "Content-Length: 20000000",
            ]
            line.sendall("\r\n".join([*lines, "", ""]).encode())
            # The answer is there although nothing of the body is.
            assert line.recv(100).startswith(f"HTTP/1.1 {status} ".encode())
