"""Newcomers through open sign-up or an invitation."""

from typing import Any

from django.test import Client

from chat import services
from chat.models import Channel, User
from tests.conftest import PASSWORD


def form(username: str, **more: str) -> dict[str, str]:
    return {"username": username, "password": PASSWORD, **more}


def invited(actor: User | None, *channels: Channel, **more: Any) -> str:
    """The path of an invitation's link."""
    _, secret = services.create_invite(actor, channels=[channel.pk for channel in channels], **more)
    return f"/invite/{secret}/"


def api(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {services.create_token(user, name='tests')}"})


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser
