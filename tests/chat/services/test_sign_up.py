"""Signing up: who may by SIGN_UP, how often, and the channels and ends of an invitation."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from chat import services
from chat.models import Member, User
from chatproject import checks
from delivery.wire.errors import Forbidden
from tests.conftest import PASSWORD, Cast
from tests.stage.fresh import setting
from tests.stage.newcomers import api, form, invited, signed_in

pytestmark = pytest.mark.django_db


# ---- SIGN_UP ----


def test_by_default_nobody_signs_up_without_an_invitation(cast: Cast) -> None:
    assert setting("SIGN_UP") == "invite"
    people = User.objects.count()
    for method in ("get", "post"):
        answer = getattr(Client(), method)("/sign-up/", form("dora"))
        assert answer.status_code == 403
        assert "You need an invitation" in answer.content.decode()
    assert "/sign-up/" not in Client().get("/sign-in/").content.decode()
    assert User.objects.count() == people
    with pytest.raises(Forbidden):
        services.sign_up("dora", password=PASSWORD)


def test_where_sign_up_is_open_one_begins_in_the_first_channel(cast: Cast, settings: Any) -> None:
    settings.SIGN_UP = "open"
    general = services.open_channel(cast.alice, name="General")
    assert "/sign-up/" in Client().get("/sign-in/").content.decode()
    browser = Client()
    weak = browser.post("/sign-up/", {"username": "dora", "password": "12345678"})
    assert weak.status_code == 400
    assert "too common" in weak.content.decode()
    assert browser.post("/sign-up/", form("dora")).status_code == 302
    assert Member.objects.get(user__username="dora").channel == general


def test_an_open_sign_up_takes_the_owners_place_from_nobody(settings: Any, db: None) -> None:
    settings.SIGN_UP = "open"
    assert Client().post("/sign-up/", form("dora")).status_code == 403
    assert not User.objects.exists()


def test_a_closed_sign_up_refuses_invitations_too(cast: Cast, settings: Any) -> None:
    path = invited(cast.alice, cast.team)
    settings.SIGN_UP = "closed"
    assert "Sign-up is closed" in Client().get("/sign-up/").content.decode()
    for browser in (Client(), signed_in(cast.charlie)):
        for method in ("get", "post"):
            answer = getattr(browser, method)(path, form("dora"))
            assert answer.status_code == 410
            assert "Sign-up is closed" in answer.content.decode()
    refused = api(cast.alice).post("/api/v1/invites/", {"channels": [cast.team.pk]}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert not User.objects.filter(username="dora").exists()
    with pytest.raises(CommandError, match="closed"):
        call_command("invite", "--channel", "team")


def test_a_wrong_sign_up_setting_is_an_error(settings: Any) -> None:
    assert checks.check_sign_up(None) == []
    settings.SIGN_UP = "sometimes"
    assert [found.id for found in checks.check_sign_up(None)] == ["gapless.E004"]


@pytest.mark.holds("address_sign_ups_per_hour")
def test_twenty_accounts_an_hour_from_an_address_and_not_one_more(cast: Cast, settings: Any) -> None:
    settings.SIGN_UP = "open"

    def sign_up(username: str) -> Any:
        return Client().post("/sign-up/", form(username))

    for _ in range(30):
        assert sign_up("").status_code == 400, "a form that is not filled in is no try"
    assert [sign_up(f"new{n}").status_code for n in range(21)] == [302] * 20 + [429]
    assert not User.objects.filter(username="new20").exists()
