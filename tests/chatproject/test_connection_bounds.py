"""A stranger's connection at every stage: head, body, handshake, answer. Each has a bound and a time limit, and an answer."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from chatproject.serving import http_protocol
from tests.conftest import Cast
from tests.stage.raw_http import handshake, head, knock, of_size, statuses
from tests.stage.servers import Server, expect

LONG_ANSWER = 60 * 2**20
CLOSE = "Connection: close"
AGAIN = head("GET /healthz")
#: The largest file there is: more than a connection's buffers take.
BUNDLE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"


@pytest.fixture(scope="module")
def _hasty(django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    with django_db_blocker.unblock():
        server = Server(GAPLESS_LIMIT_HEAD_SECONDS="1", GAPLESS_LIMIT_REQUEST_SECONDS="2").start()
    yield server
    server.stop()


@pytest.fixture
def hasty(_hasty: Server, transactional_db: None) -> Server:
    """Waits for heads for a second, for bodies for two; shared by the tests of this file."""
    return _hasty


# ---- heads ----


@pytest.mark.holds("head_bytes")
async def test_a_head_has_32_kib_on_every_request_of_a_connection(server: Server) -> None:
    most = 32 * 1024
    assert statuses(await knock(server.port, of_size(most, "GET /healthz", CLOSE))) == [200]
    assert statuses(await knock(server.port, of_size(most + 1, "GET /healthz", CLOSE))) == [431]
    # A moment between the two: they are not one piece.
    assert statuses(await knock(server.port, AGAIN, of_size(most, "GET /healthz", CLOSE), every=0.3)) == [200, 200]
    assert statuses(await knock(server.port, AGAIN, of_size(most + 1), every=0.3)) == [200, 431]


async def test_a_head_without_end_costs_nothing(server: Server) -> None:
    for before in ([], [AGAIN]):
        began_at = time.monotonic()
        answer = await knock(server.port, *before, head("GET /")[:-2] + b"X-Long: ", *[b"x" * 2**16] * 64, every=0.002)
        assert statuses(answer)[len(before) :] in ([431], [])
        assert time.monotonic() - began_at < 10


async def test_a_head_has_256_lines(server: Server) -> None:
    def lines(count: int) -> bytes:
        return head("GET /healthz", CLOSE, *(f"X-{n}: y" for n in range(count - 2)))

    assert statuses(await knock(server.port, lines(256))) == [200]
    assert statuses(await knock(server.port, lines(257))) == [431]


@pytest.mark.holds("head_seconds")
@pytest.mark.parametrize("before", [[], [AGAIN]])
@pytest.mark.parametrize("pieces", [[b"GET / HT"], [b"GET / HTTP/1.1\r\nX: y\r\n"], [b"\r\n"] * 40])
async def test_a_head_that_does_not_end_in_time_is_told_so(
    hasty: Server, before: list[bytes], pieces: list[bytes]
) -> None:
    began_at = time.monotonic()
    answer = await knock(hasty.port, *before, *pieces, every=0.1)
    assert statuses(answer) == [200] * len(before) + [408]
    assert 0.9 < time.monotonic() - began_at < 8


@pytest.mark.parametrize("before", [[], [AGAIN]])
async def test_a_connection_that_asks_nothing_is_closed(server: Server, before: list[bytes]) -> None:
    assert statuses(await knock(server.port, *before)) == [200] * len(before)


async def test_half_a_pipelined_head_does_not_spoil_the_answer_before_it(hasty: Server) -> None:
    assert statuses(await knock(hasty.port, AGAIN + b"GET /heal")) == [200]


# ---- bodies ----


def post(path: str, *headers: str) -> bytes:
    return head(f"POST {path}", "Content-Type: application/x-www-form-urlencoded", *headers)


async def test_unfinished_bodies_of_strangers_keep_nobody_waiting(server: Server) -> None:
    begun = post("/sign-in/", "Content-Length: 1000") + b"a"
    strangers = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(60)]
    for _, writer in strangers:
        writer.write(begun)
    async with httpx.AsyncClient(base_url=server.url, timeout=5) as browser:
        for _ in range(10):
            assert (await browser.get("/sign-in/")).status_code == 200
        said = (await browser.get("/readyz")).json()
    assert said["http"]["waiting"] == 0
    for _, writer in strangers:
        writer.transport.abort()


@pytest.mark.holds("request_seconds")
@pytest.mark.parametrize("said", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
async def test_a_body_has_its_time_in_all_however_steadily_it_comes(hasty: Server, said: str) -> None:
    piece = b"a" if "Length" in said else b"1\r\na\r\n"
    began_at = time.monotonic()
    assert statuses(await knock(hasty.port, post("/sign-in/", said), *[piece] * 60, every=0.1)) == [408]
    assert 1.9 < time.monotonic() - began_at < 8
    # In time, and to where nothing is read: also there the rest is not waited for.
    whole = [post("/nothing/", said, CLOSE), *[piece] * 4, b"0\r\n\r\n" if "chunked" in said else b"a" * 996]
    assert statuses(await knock(hasty.port, *whole, every=0.1)) == [404]


@pytest.mark.holds("request_bytes")
async def test_a_request_that_is_too_large_is_refused_before_it_is_read(server: Server) -> None:
    async def answered(length: int) -> list[int]:
        said = head("GET /healthz", f"Content-Length: {length}", CLOSE)
        return statuses(await knock(server.port, said + b"x" * min(length, 300_000)))

    assert await answered(256 * 1024) == [200]
    assert await answered(256 * 1024 + 1) == [413]
    assert await answered(10**11) == [413]
    chunks = [b"8000\r\n" + b"x" * 0x8000 + b"\r\n"] * 9
    assert statuses(await knock(server.port, head("GET /healthz", "Transfer-Encoding: chunked"), *chunks)) == [413]


@pytest.mark.holds("unfinished_bytes")
async def test_unfinished_bodies_hold_only_so_much_together(own_server: Callable[..., Server]) -> None:
    server = own_server(GAPLESS_LIMIT_UNFINISHED_BYTES="500000")
    begun = post("/sign-in/", "Content-Length: 200000") + b"x" * 199_999
    strangers = [asyncio.ensure_future(knock(server.port, begun)) for _ in range(3)]
    ended, held = await asyncio.wait(strangers, return_when=asyncio.FIRST_COMPLETED, timeout=15)
    assert [statuses(task.result()) for task in ended] == [[503]]
    for task in held:
        task.cancel()


async def test_what_comes_after_the_body_is_no_part_of_the_head(server: Server) -> None:
    chunked = head("GET /healthz", "Transfer-Encoding: chunked", CLOSE) + b"1\r\na\r\n0\r\n"
    assert statuses(await knock(server.port, chunked + b"Host: evil.example\r\n\r\n")) == [200]
    endless = [b"X-Long: " + b"x" * 2**14] + [b"x" * 2**14] * 20
    assert statuses(await knock(server.port, chunked, *endless, every=0.01)) in ([400], [])


async def test_a_body_comes_in_4096_pieces_at_most(server: Server) -> None:
    chunked = head("GET /healthz", "Transfer-Encoding: chunked", CLOSE)
    for count, answered in ((4095, [200]), (4096, [400])):
        # The last chunk is one too.
        assert statuses(await knock(server.port, chunked, b"1\r\na\r\n" * count + b"0\r\n\r\n")) == answered


async def test_who_asks_first_whether_to_send_is_told(server: Server) -> None:
    expecting = head("GET /healthz", "Content-Length: 3", "Expect: 100-continue", CLOSE)
    assert statuses(await knock(server.port, expecting, b"a=b", every=0.2)) == [100, 200]
    too_much = head("GET /healthz", "Content-Length: 300000", "Expect: 100-continue", CLOSE)
    assert statuses(await knock(server.port, too_much)) == [413]


# ---- what is no ordinary request ----


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (head("GET http://elsewhere.example/healthz", CLOSE), [200]),
        (head("GET http://elsewhere.example", CLOSE), [400]),
        (head("OPTIONS *", CLOSE), [404]),
        (head("CONNECT elsewhere.example:80", CLOSE), [400]),
        (head("GET /\x00", CLOSE), [400]),
        (head("GET /healthz", "X: \x00", CLOSE), [400]),
        (head("GET /\xff", CLOSE), [400]),
        (head("GET /%00%ff", CLOSE), [404]),
        (head("POST /healthz", "Content-Length: 5", "Transfer-Encoding: chunked", CLOSE) + b"0\r\n\r\n", [400]),
        (head("POST /healthz", "Content-Length: 5", "Content-Length: 6", CLOSE), [400]),
        (head("POST /healthz", "Content-Length: " + "9" * 40, CLOSE), [400]),
        (head("POST /healthz", "Transfer-Encoding: chunked", CLOSE) + b"nonsense\r\n", [400]),
        (head("GET /healthz", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AA"), [200]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400]),
        (b"GET /healthz HTTP/1.0\r\n\r\n", [200]),
        (AGAIN * 15 + head("GET /healthz", CLOSE), [200] * 16),
        (AGAIN * 15 + b"nonsense\r\n\r\n", [200] * 15),
    ],
)  # fmt: skip
async def test_whatever_is_sent_is_answered_and_the_connection_ends(
    server: Server, said: bytes, answered: list[int]
) -> None:
    assert statuses(await knock(server.port, said)) == answered


async def test_requests_ahead_of_their_answers_are_bounded(server: Server) -> None:
    answered = statuses(await knock(server.port, AGAIN * 10_000))
    assert answered == [200] * len(answered)
    assert 16 <= len(answered) <= 18


# ---- handshakes ----


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (handshake("Content-Length: 5"), [400]),
        (handshake("Content-Length: 5") + b"hello", [400]),
        (handshake("Transfer-Encoding: chunked") + b"0\r\n\r\n", [400]),
        (handshake(path="/\xff"), [400]),
        (handshake(method="POST"), [405]),
        (handshake("Sec-WebSocket-Key: again"), [400]),
        (handshake("X: " + "x" * 33_000), [431]),
        (handshake().replace(b"HTTP/1.1", b"HTTP/1.0"), [403]),
        (AGAIN + handshake("Content-Length: 5") + b"hello", [200]),
    ],
)
async def test_a_handshake_that_can_not_be_read_is_answered_and_closed(
    hasty: Server, said: bytes, answered: list[int]
) -> None:
    assert statuses(await knock(hasty.port, said)) in (answered, [408])


async def test_an_honest_client_with_large_cookies_comes_in(server: Server, cast: Cast) -> None:
    token = f"Authorization: Bearer {cast.token(cast.alice)}"
    for much in (["X-Large: " + "x" * 20_000], [f"X-{n}: y" for n in range(200)]):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(handshake(token, *much))
        assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 101")
        writer.transport.abort()


# ---- answers ----


async def test_who_does_not_read_the_answers_keeps_nobody_waiting_and_is_cut_off(server: Server) -> None:
    large = head(f"GET {BUNDLE}") * 16
    strangers = []
    for _ in range(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(large)
        strangers.append(writer)
    async with httpx.AsyncClient(base_url=server.url, timeout=8) as browser:
        for _ in range(5):
            assert (await browser.get("/sign-in/")).status_code == 200

    async def are_cut_off() -> bool:
        for writer in strangers:
            writer.write(b"\r\n")
            await asyncio.sleep(0.01)
        return all(writer.is_closing() for writer in strangers)

    await expect(are_cut_off, within=40)


async def test_who_reads_steadily_gets_everything_however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    # No file of the product is larger than what the kernel takes at once; a reader is judged every 10 s.
    monkeypatch.setattr(http_protocol, "READ_CHECK_SECONDS", 0.3)
    config = Config(_long_answer, lifespan="off", log_config=None)
    config.load()
    loop = asyncio.get_running_loop()

    def protocol() -> http_protocol.PatientHttpProtocol:
        return http_protocol.PatientHttpProtocol(config=config, server_state=ServerState(), app_state={}, _loop=loop)

    async with await loop.create_server(protocol, "127.0.0.1", 0) as door:
        reader, writer = await asyncio.open_connection(*door.sockets[0].getsockname(), limit=2**16)
        writer.write(head("GET /", CLOSE))
        read = 0
        while piece := await reader.read(2**16):
            read += len(piece)
            await asyncio.sleep(0.002)
    assert read > LONG_ANSWER


async def _long_answer(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(LONG_ANSWER // 2**16):
        await send({"type": "http.response.body", "body": b"x" * 2**16, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def test_who_leaves_in_the_middle_of_an_answer_leaves_no_traceback(server: Server) -> None:
    before = server.log.stat().st_size
    for ahead in (1, 8):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        writer.write(head(f"GET {BUNDLE}") * ahead)
        await reader.read(1000)
        writer.transport.abort()
    for _ in range(10):
        assert statuses(await knock(server.port, head("GET /sign-in/", CLOSE))) == [200]
    assert "Traceback" not in server.log.read_text()[before:]
