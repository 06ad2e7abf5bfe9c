"""Signing up: who may, and how often."""

import itertools
import time
from typing import Any

import pytest
from django.test import Client
from django_ratelimit.core import _get_window

from chat.models import User
from tests.conftest import PASSWORD, Cast

pytestmark = pytest.mark.django_db


def test_twenty_accounts_an_hour_from_an_address_and_not_one_more(cast: Cast, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    lines = map("203.0.113.{}".format, itertools.count(1))
    address = next(line for line in lines if _get_window(line, 3600) - time.time() > 60)

    def sign_up(username: str) -> Any:
        form = {"username": username, "password": PASSWORD}
        return Client().post("/sign-up/", form, REMOTE_ADDR=address)

    for _ in range(30):
        assert sign_up("").status_code == 400, "a form that is not filled in is no try"
    assert [sign_up(f"new{n}").status_code for n in range(21)] == [302] * 20 + [429]
    assert not User.objects.filter(username="new20").exists()
