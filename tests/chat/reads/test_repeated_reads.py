"""The repeated reads of a web process for all its sockets: one round trip, however many sockets there are."""

import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from django.conf import settings

from chat import clock, prepared_sql, services
from chat.live.source import ChatSource
from chat.models import Channel, Token, User
from chat.reads.logins import endings
from chat.reads.opening import by_session
from chat.services.bans import ban_user
from delivery.source import Login
from delivery.wire.types import CloseCode
from tests.conftest import Cast
from tests.stage.callers import browser
from tests.stage.nodes import opening_by

STANDS = None


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements each round trip of prepared_sql.pipeline took."""
    trips: list[int] = []
    pipeline = prepared_sql.pipeline

    def noted(*statements: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
        trips.append(len(statements))
        return pipeline(*statements)

    monkeypatch.setattr(prepared_sql, "pipeline", noted)
    return trips


def by_device(user: User) -> Login:
    return opening_by(services.create_token(user, name="device")).login


def in_browser(username: str) -> Login:
    found = prepared_sql.run_reading(by_session(browser(username).cookies[settings.SESSION_COOKIE_NAME].value))
    assert found is not None
    return found.opening().login


def test_whether_logins_stand_is_asked_in_one_round_trip(
    transactional_db: None, cast: Cast, asked: list[int], django_assert_num_queries: Any
) -> None:
    signed_in = [by_device(cast.alice), by_device(cast.bob), in_browser("alice"), in_browser("bob")]
    # That they were used is noted the first time.
    endings(signed_in)
    asked.clear()
    with django_assert_num_queries(0):
        assert endings(signed_in) == [STANDS] * 4
    assert len(asked) == 1


def test_each_login_ends_for_its_own_reason(transactional_db: None, cast: Cast) -> None:
    revoked, expired, changed, banned = (
        by_device(cast.alice),
        by_device(cast.bob),
        in_browser("bob"),
        by_device(cast.charlie),
    )
    others = [by_device(cast.alice), by_device(cast.bob), in_browser("alice")]
    Token.objects.filter(digest=revoked.proof[1]).delete()
    Token.objects.filter(digest=expired.proof[1]).update(expires_at=clock.now() - datetime.timedelta(seconds=1))
    cast.bob.set_password("another password entirely")
    cast.bob.save()
    ban_user(cast.sam, user=cast.charlie.pk, reason="spam")
    out = CloseCode.SIGNED_OUT
    assert endings([revoked, expired, changed, banned, *others]) == [out, out, out, CloseCode.BANNED] + [STANDS] * 3
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    assert endings(others) == [out, STANDS, out]


def test_the_numbers_of_many_channels_are_asked_for_with_one_parameter(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, given = prepared_sql.rows, []

    def noted(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        given.append(parameters)
        return rows(sql, parameters)

    monkeypatch.setattr(prepared_sql, "rows", noted)
    heads = ChatSource().heads([cast.team.pk, *range(10**9, 10**9 + 3000)])
    assert heads == {cast.team.pk: Channel.objects.get(pk=cast.team.pk).head}
    assert [len(parameters) for parameters in given] == [1]
