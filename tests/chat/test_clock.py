"""Whose clock decides: PostgreSQL's, for all machines decide about the same rows, whatever their own clocks say."""

import datetime
import importlib
import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from chat import clock, prepared_sql, services
from chat.files.services import sweep
from chat.models import File, Invite, Message, Token
from chat.reads import opening
from chat.reads.logins import token_of
from chat.services.invites import create_invite
from delivery.wire.errors import Muted
from tests.conftest import Cast, said, say
from tests.stage.files import kept

DAYS = 400


Wrong = Callable[[], None]


@pytest.fixture(params=[DAYS, -DAYS], ids=["ahead", "behind"])
def goes_wrong(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Wrong:
    """From then on this machine's clock is wrong by so many days, and PostgreSQL's is right."""
    seconds, true_now, true_time = request.param * 86_400, timezone.now, time.time

    def go_wrong() -> None:
        monkeypatch.setattr(timezone, "now", lambda: true_now() + datetime.timedelta(seconds=seconds))
        monkeypatch.setattr(time, "time", lambda: true_time() + seconds)

    return go_wrong


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that has not asked PostgreSQL yet."""
    monkeypatch.setattr(clock, "_began", None)


@pytest.mark.django_db
def test_it_is_what_postgresql_says_it_is(goes_wrong: Wrong) -> None:
    goes_wrong()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [[there]] = cursor.fetchall()
    assert abs(clock.now() - there) < datetime.timedelta(seconds=5)


@pytest.mark.fast
def test_small_differences_take_the_time_no_step_back_and_large_ones_are_followed(
    fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = 100.0
    monkeypatch.setattr(clock, "steady_seconds", lambda: steady)
    # The answer took half a second: it was this time at some moment of it.
    clock.follow(1_000_000.0, asked_at=99.5)
    began = clock.now()
    clock.follow(1_000_000.2, asked_at=99.8)
    assert clock.now() == began
    clock.follow(1_003_600.0, asked_at=100.0)
    assert clock.now() - began == datetime.timedelta(seconds=3599.75)


@pytest.mark.fast
def test_before_postgresql_was_asked_it_is_the_machines_time(fresh: None) -> None:
    assert abs(clock.now() - timezone.now()) < datetime.timedelta(seconds=5)


@pytest.mark.django_db
def test_nothing_that_is_young_is_taken_away(cast: Cast, goes_wrong: Wrong) -> None:
    kept(cast.bob, b"not sent yet", "plan.txt")
    said(cast.bob, cast.team, "young")
    goes_wrong()
    assert sweep() == 0
    call_command("prune", "--days", "30")
    assert File.objects.count() == 1
    assert Message.objects.filter(body="young").exists()


@pytest.mark.django_db
def test_what_is_over_is_over_and_what_holds_goes_on(cast: Cast, goes_wrong: Wrong) -> None:
    sessions = importlib.import_module(settings.SESSION_ENGINE).SessionStore
    now = clock.now()
    soon, before = now + datetime.timedelta(hours=1), now - datetime.timedelta(hours=1)
    session = sessions()
    session["kept"] = "so"
    session.save()
    secrets = {name: services.create_token(cast.bob, name=name, expires_at=soon) for name in ("holds", "over")}
    Token.objects.filter(name="over").update(expires_at=before)
    services.mute_member(cast.alice, channel=cast.team.pk, user=cast.bob, until=soon, reason="rude")
    create_invite(cast.alice, channels=[cast.team.pk])
    goes_wrong()
    assert sessions(session.session_key).get("kept") == "so"
    assert {name: token_of(secret) is not None for name, secret in secrets.items()} == {"holds": True, "over": False}
    assert prepared_sql.run_reading(opening.by_token(secrets["holds"])) is not None
    assert isinstance(say(cast.bob, cast.team), Muted)
    assert Invite.objects.standing().count() == 1
    another = sessions()
    another.save()
    assert abs(another.get_expiry_date() - session.get_expiry_date()) < datetime.timedelta(minutes=1)
