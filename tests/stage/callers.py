"""Clients over HTTP: programs with a token, and signed-in browsers."""

from typing import Any

import httpx
from django.test import Client

from chat import services
from chat.models import User
from tests.stage.servers import Server


class Caller:
    """A program with somebody's token."""

    def __init__(self, user: User) -> None:
        self._client = Client(headers={"Authorization": f"Bearer {services.create_token(user, name='tests')}"})

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(f"/api/v1/{path}", query)

    def post(self, path: str, **given: Any) -> Any:
        return self._client.post(f"/api/v1/{path}", given, content_type="application/json")


def browser(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def signed_in_everywhere(processes: list[Server], user: User | None) -> httpx.Client:
    """Signed in everywhere by one session; a banned one by the session of before."""
    jar = {}
    if user is not None:
        client = Client()
        client.force_login(user)
        session = next(iter(client.cookies.values())).value
        jar = {f"gapless_session_{process.port}": session for process in processes}
    return httpx.Client(cookies=jar, follow_redirects=False, trust_env=False)
