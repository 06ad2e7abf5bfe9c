"""A login that ends, by whichever door, ends its sockets: at once here, within a second in other processes, and no others."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.contrib.auth.management.commands import changepassword
from django.core.management import call_command
from django.test import Client
from websockets.exceptions import InvalidStatus

from chat import services
from chat.models import Token
from delivery.wire.errors import NotFound
from tests.conftest import PASSWORD, Cast, in_thread
from tests.stage.logins import pages, past_the_look_at_newcomers, signed_in, socket_of
from tests.stage.servers import Server, expect
from tests.stage.sockets import push

ANOTHER = "another " + PASSWORD
NEXT_KEY = "the next key that is long enough too"


@pytest.fixture
def session(cast: Cast) -> str:
    return signed_in(cast.alice)


def sign_out(server: Server, cast: Cast, session: str) -> None:
    with pages(server, session) as http:
        assert http.post("/sign-out/").status_code == 302


def change_password_and_keep_tokens(server: Server, cast: Cast, session: str) -> None:
    change_password(server, cast, session, keep_tokens="on")


def change_password(server: Server, cast: Cast, session: str, **more: str) -> None:
    with pages(server, session) as http:
        answer = http.post("/password/", data={"current": PASSWORD, "password": ANOTHER, **more})
        assert answer.status_code == 302, answer.text
    # The session that changed it goes on.
    with pages(server, session) as http:
        assert http.get("/").status_code == 200


def change_password_by_command(server: Server, cast: Cast, session: str) -> None:
    with mock.patch.object(changepassword.Command, "_get_pass", return_value=ANOTHER):
        call_command("changepassword", "alice", verbosity=0, stdout=mock.Mock())


def ban(server: Server, cast: Cast, session: str) -> None:
    services.ban_user(None, user=cast.alice.pk, reason="spam")


@pytest.mark.parametrize(
    ("end", "code", "ends"),
    [
        (sign_out, 4500, ["here", "there"]),
        (change_password, 4500, ["other", "program"]),
        (change_password_and_keep_tokens, 4500, ["other"]),
        (change_password_by_command, 4500, ["here", "there", "other", "program"]),
        (ban, 4501, ["here", "there", "other", "program"]),
    ],
)
async def test_a_session_that_ends_closes_its_sockets_everywhere_at_once(
    servers: list[Server],
    cast: Cast,
    session: str,
    end: Callable[[Server, Cast, str], None],
    code: int,
    ends: list[str],
) -> None:
    other_session = await in_thread(signed_in, cast.alice)
    async with (
        socket_of(servers[0], session) as here,
        socket_of(servers[1], session) as there,
        socket_of(servers[1], other_session) as other,
        servers[1].connect(cast.token(cast.alice)) as program,
        servers[1].connect(cast.token(cast.bob)) as bob,
    ):
        await past_the_look_at_newcomers()
        await in_thread(end, servers[0], cast, session)
        sockets = {"here": here, "there": there, "other": other, "program": program, "bob": bob}
        await expect(lambda: all(sockets[name].is_closed for name in ends), within=1)
        for name, socket in sockets.items():
            if name in ends:
                assert (socket.closed or ())[0] == code
                goodbye = await push(socket, "goodbye")
                assert (goodbye["op"], goodbye["code"], goodbye["retry_after"]) == ("goodbye", code, None)
            else:
                await socket.command("ping")


async def test_after_another_password_a_copied_cookie_ends_too(server: Server, cast: Cast, session: str) -> None:
    with pages(server, session) as http:
        answer = await in_thread(http.get, "/password/changed/")
    async with socket_of(server, answer.cookies[f"gapless_session_{server.port}"]) as alice:
        await alice.command("ping")
    with pytest.raises(InvalidStatus):
        await socket_of(server, session).__aenter__()


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


async def test_the_end_of_a_token_ends_all_that_it_has_made(servers: list[Server], cast: Cast) -> None:
    def make(maker: str) -> str:
        with servers[0].http(maker) as http:
            made = http.post("/tokens/", json={"name": "child", "scopes": ["read", "tokens"]})
            return str(made.json()["secret"])

    parent = await in_thread(services.create_token, cast.alice, name="parent", scopes=["read", "tokens"])
    child = await in_thread(make, parent)
    grandchild = await in_thread(make, child)
    async with (
        servers[0].connect(child) as here,
        servers[1].connect(grandchild) as there,
        servers[0].connect(cast.token(cast.alice)) as other,
    ):
        await past_the_look_at_newcomers()
        row = await in_thread(Token.objects.get, name="parent")
        await in_thread(services.delete_token, cast.alice, token=row.pk)
        await expect(lambda: here.is_closed and there.is_closed, within=1)
        assert (here.closed, there.closed) == ((4500, "your login has ended"),) * 2
        await other.command("ping")
    for secret in (parent, child, grandchild):
        with servers[0].http(secret) as http:
            assert (await in_thread(http.get, "/users/me/")).status_code == 401


async def test_a_new_secret_key_signs_nobody_out_who_has_the_old_one_as_a_fallback(
    server: Server, own_server: Callable[..., Server], cast: Cast, session: str
) -> None:
    late = await in_thread(signed_in, cast.alice)
    rotated = own_server(SECRET_KEY=NEXT_KEY, SECRET_KEY_FALLBACKS=settings.SECRET_KEY)
    async with socket_of(server, session) as before, socket_of(rotated, session) as after:
        assert (await before.command("ping"))["heads"] == (await after.command("ping"))["heads"]
    with pages(rotated, session) as http:
        page = await in_thread(http.get, "/")
    assert page.status_code == 200
    # Sessions that were used meanwhile are signed with the new key; the old key can go.
    renewed = page.cookies[f"gapless_session_{rotated.port}"]
    without = own_server(SECRET_KEY=NEXT_KEY)
    async with socket_of(without, renewed) as socket:
        await socket.command("ping")
    with pytest.raises(InvalidStatus):
        await socket_of(without, late).__aenter__()
    with pages(without, late) as http:
        assert (await in_thread(http.get, "/")).status_code == 302


@pytest.mark.django_db
def test_a_session_outlives_the_key_that_signed_it(cast: Cast, settings: Any) -> None:
    browser = Client()
    session = signed_in(cast.alice)
    browser.cookies[settings.SESSION_COOKIE_NAME] = session
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key", [settings.SECRET_KEY]
    assert browser.get("/").status_code == 200
    # Under its own key still: sockets came in by it.
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value == session
    settings.SECRET_KEY_FALLBACKS = []
    assert browser.get("/").status_code == 200
