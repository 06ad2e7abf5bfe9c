"""Signing in: what counts as a try, who can lock out whom, and that the duration tells a stranger nothing."""

import datetime
from collections.abc import Iterator
from typing import Any
from unittest import mock

import httpx
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client

from chat import clock, services
from chat.allowances import counting
from chat.allowances.table import SIGN_INS_OF_NAME
from chat.allowances.window import Windows
from chat.models import SignInAddress, User
from chat.services.pruning import ADDRESS_DAYS, prune_logins
from chat.services.signing_in import MOST_ADDRESSES
from tests.conftest import PASSWORD, Cast
from tests.stage.counting import time_passes
from tests.stage.servers import Server

pytestmark = pytest.mark.django_db

OWN, ELSEWHERE = "192.0.2.7", "198.51.100.9"


@pytest.fixture
def dora(cast: Cast) -> User:
    """Somebody with a password."""
    return services.create_user("dora", password=PASSWORD)


def tried(username: str, password: str, *, address: str = OWN) -> Any:
    form = {"username": username, "password": password}
    return Client().post("/sign-in/", form, REMOTE_ADDR=address)


def is_in(answer: Any) -> bool:
    return bool(answer.status_code == 302)


def test_a_form_that_is_not_filled_in_is_no_try(dora: User) -> None:
    for _ in range(30):
        assert tried(dora.username, "").status_code == 200
        assert tried("", PASSWORD).status_code == 200
    assert is_in(tried(dora.username, PASSWORD))


@pytest.mark.holds("sign_ins_per_minute")
def test_ten_tries_a_minute_for_a_name_from_an_address_and_not_one_more(dora: User) -> None:
    name = dora.username
    for left in range(9, -1, -1):
        answer = tried(name, "wrong")
        assert (answer.status_code, answer["X-RateLimit-Remaining"]) == (200, str(left))
    fullwidth = "".join(chr(ord(letter) + 0xFEE0) for letter in name)
    for disguise in (name, f"  {name}", name.upper(), fullwidth):
        refused = tried(disguise, PASSWORD)
        assert refused.status_code == 429
        assert 1 <= int(refused["Retry-After"]) <= 60
        assert (refused["X-RateLimit-Limit"], refused["X-RateLimit-Remaining"]) == ("10", "0")
    assert tried("alice", "wrong").status_code == 200, "another name from there"


def test_who_guesses_elsewhere_locks_nobody_out(dora: User) -> None:
    for _ in range(40):
        tried(dora.username, "wrong", address=ELSEWHERE)
    assert tried(dora.username, PASSWORD, address=ELSEWHERE).status_code == 429
    assert is_in(tried(dora.username, PASSWORD, address=OWN))


@pytest.mark.holds("strange_sign_ins_per_hour")
def test_guessing_from_many_addresses_is_bounded_and_locks_nobody_out(
    dora: User,
) -> None:
    assert is_in(tried(dora.username, PASSWORD, address=OWN))
    answers = [tried(dora.username, "wrong", address=f"198.51.{n}.1").status_code for n in range(101)]
    # (the first one was from an address where she had not been)
    assert answers == [200] * 99 + [429] * 2
    # IPv6: one line is one address, and many are many.
    assert tried(dora.username, PASSWORD, address="2001:db8::1").status_code == 429
    assert is_in(tried(dora.username.upper(), PASSWORD, address=OWN))
    assert tried(dora.username, "wrong", address=OWN).status_code == 200


@pytest.mark.holds("address_sign_ins_per_minute")
def test_sixty_tries_a_minute_from_an_address_for_any_names(cast: Cast) -> None:
    answers = [tried(f"nobody{n}", "wrong").status_code for n in range(61)]
    assert answers == [200] * 60 + [429]


def test_tries_are_counted_exactly_in_every_window(dora: User) -> None:
    for _ in range(10):
        tried(dora.username, "wrong")
    refused = tried(dora.username, PASSWORD)
    assert refused.status_code == 429
    time_passes(int(refused["Retry-After"]) - 2, allowance=SIGN_INS_OF_NAME, whose=f"{OWN} {dora.username}")
    assert tried(dora.username, PASSWORD).status_code == 429, "what was tried within the last minute counts"
    time_passes(2.001, allowance=SIGN_INS_OF_NAME, whose=f"{OWN} {dora.username}")
    assert is_in(tried(dora.username, PASSWORD))


def test_without_redis_passwords_can_be_guessed_only_so_often_too(
    dora: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1")
        alone = Windows()
    monkeypatch.setattr(counting, "windows", lambda: alone)
    answers = [tried(dora.username, "wrong").status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]


def test_a_line_of_ipv6_is_one_address(dora: User) -> None:
    name = dora.username
    answers = [tried(name, "wrong", address=f"2001:db8:1:1::{n:x}").status_code for n in range(1, 12)]
    assert 429 in answers
    assert tried(name, "wrong", address="2001:db8:1:2::1").status_code == 200


@pytest.mark.parametrize("spelling", ["ALICE", "Alice", " alice "])
def test_a_name_signs_in_whatever_its_case(cast: Cast, spelling: str) -> None:
    cast.alice.set_password(PASSWORD)
    cast.alice.save()
    browser = Client()
    assert browser.post("/sign-in/", {"username": spelling, "password": PASSWORD}).status_code == 302
    assert browser.get("/api/v1/users/me/").json()["username"] == "alice"
    assert Client().login(username=spelling.strip(), password=PASSWORD)


@pytest.fixture
def hashes() -> Iterator[list[str]]:
    """Each time that a password is hashed, which is what takes the time."""
    counted: list[str] = []

    def note(method: str) -> Any:
        real = getattr(Argon2PasswordHasher, method)

        def hashing(self: Any, *args: Any, **kwargs: Any) -> Any:
            counted.append(method)
            return real(self, *args, **kwargs)

        return hashing

    with mock.patch.multiple(Argon2PasswordHasher, encode=note("encode"), verify=note("verify")):
        yield counted


def test_a_wrong_sign_in_takes_one_hash_for_every_name(cast: Cast, hashes: list[str]) -> None:
    services.create_user("dora", password=PASSWORD)
    banned, left = (services.create_user(name, password=PASSWORD) for name in ("banned", "left"))
    services.ban_user(None, user=banned.pk, reason="spam")
    User.objects.filter(pk=left.pk).update(is_active=False)
    for name in ("dora", "banned", "left", "vera", "nobody"):
        hashes.clear()
        said = tried(name, "wrong").content.decode()
        assert len(hashes) == 1, name
        assert "Username or password is wrong" in said
        assert "spam" not in said
    assert "This account is banned: spam" in tried("banned", PASSWORD).content.decode()
    assert "This account is not active." in tried("left", PASSWORD).content.decode()


def test_the_present_password_is_guessed_no_more_often_by_a_session_than_at_the_door(dora: User) -> None:
    browser = Client()
    browser.force_login(dora)
    for _ in range(10):
        answer = browser.post("/password/", {"current": "wrong", "password": "another 7 words"}, REMOTE_ADDR=OWN)
        assert answer.status_code == 400
    refused = browser.post("/password/", {"current": PASSWORD, "password": "another 7 words"}, REMOTE_ADDR=OWN)
    assert refused.status_code == 429
    assert tried(dora.username, PASSWORD, address=OWN).status_code == 429, "it is one count"
    assert browser.post("/password/", {"current": "", "password": ""}, REMOTE_ADDR=OWN).status_code == 400


def test_addresses_of_a_person_are_bounded_and_forgotten(dora: User) -> None:
    for n in range(MOST_ADDRESSES + 5):
        services.note_sign_in(dora, line=f"10.0.0.{n}")
    assert dora.sign_in_addresses.count() == MOST_ADDRESSES
    assert not SignInAddress.objects.of(dora.username, line="10.0.0.0").exists()
    assert SignInAddress.objects.of(dora.username.upper(), line=f"10.0.0.{MOST_ADDRESSES + 4}").exists()
    prune_logins(now=clock.now() + datetime.timedelta(days=ADDRESS_DAYS + 1))
    assert not SignInAddress.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_page_says_that_it_was_tried_too_often(server: Server, cast: Cast) -> None:
    with httpx.Client(base_url=server.url) as browser:
        token = browser.get("/sign-in/").text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": "vera", "password": "wrong", "csrfmiddlewaretoken": token}
        answers = [browser.post("/sign-in/", data=form, headers={"Origin": server.url}) for _ in range(21)]
    assert answers[0].status_code == 200
    assert answers[20].status_code == 429
    assert "Too many attempts" in answers[20].text


def test_who_is_signed_in_is_not_led_from_the_door_to_the_door(cast: Cast) -> None:
    browser = Client()
    browser.force_login(cast.alice)
    for back, leads_to in (("/sign-in/", "/"), ("/c/1/", "/c/1/"), ("//evil.example", "/")):
        assert browser.get("/sign-in/", {"next": back}).headers["Location"] == leads_to
