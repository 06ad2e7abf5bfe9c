"""How many files one person uploads in a minute, and how many uploads a process takes at once."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from chat.allowances.table import UPLOADS
from tests.conftest import Cast
from tests.stage.counting import has_done
from tests.stage.raw_http import head
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
async def test_a_process_takes_so_many_files_at_once(cast: Cast, kept_server: Callable[..., Server]) -> None:
    server = kept_server(GAPLESS_LIMIT_UPLOADS_UNDER_WAY="1", GAPLESS_LIMIT_UPLOADS_PER_MINUTE="0")
    alice, bob = cast.token(cast.alice), cast.token(cast.bob)

    def give() -> httpx.Response:
        with server.http(bob) as http:
            return http.post("/files/", files={"file": ("y", b"y", "text/plain")})

    async with asyncio.timeout(30):
        refused = None
        while refused is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(_first_half(alice))
            answer = asyncio.ensure_future(reader.readline())
            refused = await _refused_beside(answer, give)
        assert refused.json()["code"] == "unavailable"
        assert int(refused.headers["Retry-After"]) >= 2
        writer.write(FORM[HALF:])
        assert b" 201 " in await answer
        writer.close()
        assert (await asyncio.to_thread(give)).status_code == 201


FORM = b'--part\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nboth halves\r\n--part--\r\n'
HALF = FORM.index(b" halves")


def _first_half(token: str) -> bytes:
    kind = ("Content-Type: multipart/form-data; boundary=part", f"Content-Length: {len(FORM)}")
    return head("POST /api/v1/files/", f"Authorization: Bearer {token}", *kind) + FORM[:HALF]


async def _refused_beside(answer: asyncio.Future[bytes], give: Callable[[], httpx.Response]) -> httpx.Response | None:
    """The refusal of a file that came beside the half one; nothing when the half one met another and was refused."""
    while not answer.done():
        said = await asyncio.to_thread(give)
        if said.status_code == 503:
            return said
    return None
