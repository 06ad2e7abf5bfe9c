"""Browsers may store no page, so that none is shown after the person has signed out."""

from typing import Any

import pytest
from django.test import Client

from tests.conftest import Cast

pytestmark = pytest.mark.django_db

PAGES = ("/", "/password/", "/sign-in/", "/setup/x/", "/invite/x/", "/nothing/", "/admin/nothing/", "/healthz")


def test_no_page_is_kept_by_a_browser_or_a_cache(cast: Cast) -> None:
    for client in (_signed_in(cast), Client()):
        for path in (*PAGES, f"/c/{cast.team.pk}/", "/api/v1/users/me/"):
            assert "no-store" in client.get(path).headers["Cache-Control"], path


def test_what_is_nobodys_own_may_be_kept() -> None:
    assert "no-store" not in Client().get("/static/gapless/favicon.svg").headers["Cache-Control"]


def _signed_in(cast: Cast) -> Any:
    client = Client()
    client.force_login(cast.alice)
    return client
