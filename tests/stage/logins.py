"""Logins with a password, and what a browser opens with them."""

import asyncio

import httpx
from django.conf import settings
from django.test import Client

from chat.models import User
from delivery.live.logins import NEWCOMERS_SECONDS
from tests.conftest import PASSWORD
from tests.stage.listening import Listening
from tests.stage.servers import Server


def signed_in(user: User) -> str:
    """The key of a new session of a user with a password."""
    if not user.has_usable_password():
        user.set_password(PASSWORD)
        user.save()
    browser = Client()
    assert browser.login(username=user.username, password=PASSWORD)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def socket_of(server: Server, session: str) -> Listening:
    return Listening(server.ws, cookie=f"gapless_session_{server.port}={session}", origin=server.url, heads={})


def pages(server: Server, session: str) -> httpx.Client:
    cookies = {f"gapless_session_{server.port}": session, f"gapless_csrf_{server.port}": "c" * 32}
    headers = {"X-CSRFToken": "c" * 32, "Origin": server.url}
    return httpx.Client(base_url=server.url, cookies=cookies, headers=headers, trust_env=False)


async def past_the_look_at_newcomers() -> None:
    """It would hide a missing announcement."""
    await asyncio.sleep(NEWCOMERS_SECONDS + 0.1)
