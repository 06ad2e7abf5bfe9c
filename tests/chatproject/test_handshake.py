"""Who may open a socket: the Origin as a string, the cookie, the token, the subprotocol."""

import asyncio

import httpx
import psycopg
import pytest
from django.conf import settings
from django.test import Client
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from chat.models import User
from tests.conftest import PASSWORD, Cast, in_thread
from tests.stage.locks import until_waiting
from tests.stage.raw_http import handshake, head, knock, statuses
from tests.stage.servers import Server, database_url

KEY = "MDEyMzQ1Njc4OWFiY2RlZg=="


@pytest.fixture
def cookie(cast: Cast, server: Server) -> str:
    browser = Client()
    browser.force_login(cast.alice, backend=settings.AUTHENTICATION_BACKENDS[0])
    # The name of the cookie carries the port of the server.
    return f"gapless_session_{server.port}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


async def status(server: Server, headers: list[tuple[str, str]], subprotocols: list[str] | None = None) -> int:
    offered = None if subprotocols is None else [Subprotocol(name) for name in subprotocols]
    try:
        async with connect(server.ws, additional_headers=headers, subprotocols=offered) as socket:
            assert socket.subprotocol == (subprotocols[0] if subprotocols else None)
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_a_browser_comes_in_with_cookie_and_origin(server: Server, cookie: str) -> None:
    assert await status(server, [("Cookie", cookie), ("Origin", server.url)], ["gapless.v1"]) == 101
    assert await status(server, [("Cookie", cookie), ("Origin", server.url)]) == 101


@pytest.mark.parametrize("other", ['prefs={"a": 1}', "list[]=1", "bare", "a=b c", 'half="open', "path=/x", "=x"])
async def test_cookies_of_other_applications_on_the_host_keep_nobody_out(
    server: Server, cookie: str, other: str
) -> None:
    for said in (f"{other}; {cookie}", f"{cookie}; {other}"):
        assert await status(server, [("Cookie", said), ("Origin", server.url)]) == 101, said


@pytest.mark.parametrize("key", ['"\\000abcdefghijkl"', "\xff\xfe\xfdabcdefgh", "' OR true --", "abc", ""])
async def test_a_cookie_that_can_be_no_session_is_none(server: Server, cookie: str, key: str) -> None:
    said = f"Cookie: {cookie.partition('=')[0]}={key}"
    for path, status in (("/sign-in/", 200), ("/", 302), ("/api/v1/users/me/", 401)):
        assert statuses(await knock(server.port, head(f"GET {path}", said, "Connection: close"))) == [status], path
    assert statuses(await knock(server.port, handshake(f"Origin: {server.url}", said))) == [403]


@pytest.mark.parametrize(
    "origins",
    [
        [],
        ["http://evil.example"],
        ["http://localhost"],
        ["https://localhost:{port}"],
        ["http://localhost:{port}/"],
        ["http://LOCALHOST:{port}"],
        ["http://["],
        ["null"],
        [""],
        ["http://localhost:{port}", "http://localhost:{port}"],
        ["http://localhost:{port}", "http://evil.example"],
    ],
)
async def test_any_other_origin_is_refused(server: Server, cookie: str, origins: list[str]) -> None:
    headers = [("Cookie", cookie), *(("Origin", origin.format(port=server.port)) for origin in origins)]
    assert await status(server, headers) == 403


@pytest.mark.parametrize("way", ["Connection: Upgrade", "Connection: keep-alive\r\nConnection: Upgrade"])
@pytest.mark.parametrize("early", [b"\x89\x80mask", b"\xff" * 20, b"\x88\x80mask"], ids=["ping", "no frame", "close"])
async def test_who_does_not_wait_for_the_answer_spoils_neither_it_nor_the_log(
    server: Server, cast: Cast, early: bytes, way: str
) -> None:
    begun = len(server.log.read_bytes())
    come, go = await asyncio.open_connection("localhost", server.port)
    with psycopg.connect(database_url()) as other:
        # Who it is can't be read until this ends.
        other.execute("LOCK TABLE tokens")
        said = ("Host: localhost", way, "Upgrade: websocket", f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13")
        go.write("\r\n".join(["GET /ws/ HTTP/1.1", *said, "Authorization: Bearer x", "", ""]).encode())
        await in_thread(until_waiting, 1)
        go.write(early)
        ping = httpx.get(f"{server.url}/healthz")
    answer = await come.read()
    go.close()
    assert ping.status_code == 200, "by now what came early was read"
    assert answer == b"" or answer.startswith(b"HTTP/1.1 403 ")
    assert (early[0] == 0x89) == (answer != b"")
    assert b'"level": "error"' not in server.log.read_bytes()[begun:]


async def test_a_program_comes_in_with_a_token_and_no_cookie(server: Server, cast: Cast, cookie: str) -> None:
    bearer = ("Authorization", f"Bearer {cast.token(cast.alice)}")
    assert await status(server, [bearer]) == 101
    assert await status(server, [bearer, ("Cookie", cookie)]) == 403
    assert await status(server, [("Authorization", "Bearer gapless_wrong")]) == 403
    assert await status(server, [bearer, bearer]) == 403
    assert await status(server, [("Authorization", "Basic YTpi")]) == 403


async def test_nobody_comes_in_unknown(server: Server, cast: Cast) -> None:
    assert await status(server, [("Origin", server.url)]) == 403
    assert await status(server, [("Origin", server.url), ("Cookie", f"gapless_session_{server.port}=forged")]) == 403


async def test_who_is_not_active_stays_outside(server: Server, cast: Cast, cookie: str) -> None:
    await in_thread(User.objects.filter(pk=cast.alice.pk).update, is_active=False)
    assert await status(server, [("Cookie", cookie), ("Origin", server.url)]) == 403
    assert await status(server, [("Authorization", f"Bearer {cast.token(cast.alice)}")]) == 403


async def test_a_changed_password_ends_the_cookie(server: Server, cast: Cast, cookie: str) -> None:
    cast.alice.set_password("another " + PASSWORD)
    await in_thread(cast.alice.save)
    assert await status(server, [("Cookie", cookie), ("Origin", server.url)]) == 403


async def test_other_subprotocols_alone_are_refused(server: Server, cast: Cast) -> None:
    bearer = ("Authorization", f"Bearer {cast.token(cast.alice)}")
    assert await status(server, [bearer], ["graphql-ws"]) == 403
    assert await status(server, [bearer], ["gapless.v1", "graphql-ws"]) == 101


async def test_sockets_at_other_paths_are_refused(server: Server, cast: Cast) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(
            server.ws + "other/", additional_headers=[("Authorization", f"Bearer {cast.token(cast.alice)}")]
        ):
            pass
    assert refused.value.response.status_code == 403
