"""How many files a minute a person sends, and how many a process takes at once."""

import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from chat.allowances.table import UPLOADS
from tests.conftest import Cast
from tests.stage.counting import has_done
from tests.stage.servers import Server


@pytest.mark.holds("uploads_per_minute")
def test_sixty_files_a_minute_and_not_one_more(server: Server, cast: Cast) -> None:
    with server.http(cast.token(cast.bob)) as bob:
        has_done(59, allowance=UPLOADS, user=cast.bob)
        announced = {"name": "plan.bin", "size": 10}
        assert bob.post("/files/uploads/", json=announced).status_code == 201
        refused = bob.post("/files/uploads/", json=announced)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.json()["detail"].startswith("You may send 60 files a minute")
        whole = bob.post("/files/", files={"file": ("x", b"x", "text/plain")})
        assert whole.json()["code"] == "rate_limited"
    with server.http(cast.token(cast.alice)) as alice:
        assert alice.post("/files/uploads/", json=announced).status_code == 201


@pytest.mark.holds("uploads_under_way")
def test_a_process_takes_so_many_files_at_once(cast: Cast, kept_server: Callable[..., Server]) -> None:
    server = kept_server(GAPLESS_LIMIT_UPLOADS_UNDER_WAY="1")
    goes_on, has_begun = threading.Event(), threading.Event()
    answers: list[httpx.Response] = []

    def slowly() -> Iterator[bytes]:
        yield (
            b'--part\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'
            b"Content-Type: text/plain\r\n\r\nfirst half"
        )
        has_begun.set()
        goes_on.wait(30)
        yield b"second half\r\n--part--\r\n"

    def send() -> None:
        kind = {"Content-Type": "multipart/form-data; boundary=part"}
        with server.http(cast.token(cast.alice)) as alice:
            answers.append(alice.post("/files/", content=slowly(), headers=kind))

    sender = threading.Thread(target=send)
    sender.start()
    assert has_begun.wait(30)
    with server.http(cast.token(cast.bob)) as bob:

        def give() -> httpx.Response:
            return bob.post("/files/", files={"file": ("y", b"y", "text/plain")})

        # The first half may still be on its way when the first of these comes.
        refused = next(answer for answer in (give() for _ in range(50)) if answer.status_code == 503)
        assert refused.json()["code"] == "unavailable"
        assert int(refused.headers["Retry-After"]) >= 2
        goes_on.set()
        sender.join(30)
        assert [answer.status_code for answer in answers] == [201]
        assert give().status_code == 201
