"""A login that ends, by whichever door, ends its sockets: at once here, within a second in other processes, and no others."""

import asyncio
from collections.abc import Callable
from unittest import mock

import httpx
import pytest
from django.conf import settings
from django.contrib.auth.management.commands import changepassword
from django.core.management import call_command
from django.test import Client

from chat import services
from chat.models import Token, User
from delivery.connection import Connection
from delivery.errors import NotFound
from delivery.node import NEWCOMERS_SECONDS
from tests.conftest import PASSWORD, Cast, in_thread
from tests.servers import Server, expect

ANOTHER = "another " + PASSWORD


@pytest.fixture
def session(cast: Cast) -> str:
    return signed_in(cast.alice)


def signed_in(user: User) -> str:
    """The key of a new session of a user with a password."""
    if not user.has_usable_password():
        user.set_password(PASSWORD)
        user.save()
    browser = Client()
    assert browser.login(username=user.username, password=PASSWORD)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def browser(server: Server, session: str) -> Connection:
    return Connection(server.ws, cookie=f"gapless_session_{server.port}={session}", origin=server.url, heads={})


def pages(server: Server, session: str) -> httpx.Client:
    cookies = {f"gapless_session_{server.port}": session, f"gapless_csrf_{server.port}": "c" * 32}
    headers = {"X-CSRFToken": "c" * 32, "Origin": server.url}
    return httpx.Client(base_url=server.url, cookies=cookies, headers=headers, trust_env=False, timeout=10)


async def past_the_look_at_newcomers() -> None:
    """It would hide a bell that is not rung."""
    await asyncio.sleep(NEWCOMERS_SECONDS + 0.1)


def sign_out(server: Server, cast: Cast, session: str) -> None:
    with pages(server, session) as http:
        assert http.post("/sign-out/").status_code == 302


def change_password(server: Server, cast: Cast, session: str) -> None:
    with pages(server, session) as http:
        answer = http.post("/password/", data={"current": PASSWORD, "password": ANOTHER})
        assert answer.status_code == 302, answer.text
    # The session that changed it goes on, under another key.
    renewed = answer.cookies[f"gapless_session_{server.port}"]
    assert renewed != session
    with pages(server, renewed) as http:
        assert http.get("/").status_code == 200


def change_password_by_command(server: Server, cast: Cast, session: str) -> None:
    with mock.patch.object(changepassword.Command, "_get_pass", return_value=ANOTHER):
        call_command("changepassword", "alice", verbosity=0, stdout=mock.Mock())


def ban(server: Server, cast: Cast, session: str) -> None:
    services.ban_user(None, user=cast.alice.pk, reason="spam")


@pytest.mark.parametrize(
    ("end", "code", "ends_others"),
    [
        (sign_out, 4500, False),
        (change_password, 4500, True),
        (change_password_by_command, 4500, True),
        (ban, 4501, True),
    ],
)
async def test_a_session_that_ends_closes_its_sockets_everywhere_at_once(
    servers: list[Server],
    cast: Cast,
    session: str,
    end: Callable[[Server, Cast, str], None],
    code: int,
    ends_others: bool,
) -> None:
    other_session = await in_thread(signed_in, cast.alice)
    async with (
        browser(servers[0], session) as here,
        browser(servers[1], session) as there,
        browser(servers[1], other_session) as other,
        servers[1].connect(cast.token(cast.alice)) as program,
        servers[1].connect(cast.token(cast.bob)) as bob,
    ):
        await past_the_look_at_newcomers()
        await in_thread(end, servers[0], cast, session)
        closing = [here, there, *([other] if ends_others else []), *([program] if code == 4501 else [])]
        await expect(lambda: all(socket.is_closed for socket in closing), within=1)
        assert {socket.closed[0] for socket in closing if socket.closed} == {code}
        goodbye = (await here.pushes.get(), await there.pushes.get())
        assert [(frame["op"], frame["code"], frame["retry_after"]) for frame in goodbye] == [
            ("goodbye", code, None)
        ] * 2
        for socket in {other, program, bob} - set(closing):
            await socket.command("ping")


async def test_a_token_that_is_deleted_closes_its_programs_and_no_others(servers: list[Server], cast: Cast) -> None:
    second = await in_thread(services.create_token, cast.alice, name="second")
    async with (
        servers[0].connect(cast.token(cast.alice)) as here,
        servers[1].connect(cast.token(cast.alice)) as there,
        servers[0].connect(second) as other,
    ):
        await past_the_look_at_newcomers()
        first = await in_thread(Token.objects.filter(user=cast.alice, name="tests").get)
        with pytest.raises(NotFound):
            await in_thread(services.delete_token, cast.bob, token=first.pk)
        await in_thread(services.delete_token, cast.alice, token=first.pk)
        await expect(lambda: here.is_closed and there.is_closed, within=1)
        assert (here.closed, there.closed) == ((4500, "your login has ended"),) * 2
        await other.command("ping")
