"""`hello` reads plain columns, lists and pages use the ORM: both describe every channel alike."""

import datetime
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest
from django.conf import settings

from chat import clock, prepared_sql, services, shapes
from chat.models import ChannelKind, User
from chat.reads.channels import channels_of
from chat.reads.opening import ChatOpening, by_session
from chat.services.blocks import block_user
from chat.services.channels import open_direct_channel
from chat.services.sanctions import mute_member
from tests.conftest import Cast, said
from tests.stage.callers import browser
from tests.stage.nodes import opening_by


def opening_of(user: User) -> ChatOpening:
    return opening_by(services.create_token(user, name="device"))


def in_hello(user: User) -> list[object]:
    return [access.description for access in opening_of(user).accesses]


def test_hello_describes_channels_as_the_lists_do(transactional_db: None, cast: Cast) -> None:
    open_direct_channel(cast.alice, others=[cast.bob])
    open_direct_channel(cast.alice, others=[cast.bob, cast.charlie])
    services.open_channel(cast.bob, name="quiet", kind=ChannelKind.PRIVATE, members=[cast.alice])
    for body in ("one", "two", "three"):
        said(cast.alice, cast.team, body)
    said(cast.bob, cast.team, "four")
    mute_member(
        cast.alice,
        channel=cast.team.pk,
        user=cast.bob,
        until=clock.now() + datetime.timedelta(minutes=5),
        reason="loud",
    )
    for user in (cast.alice, cast.bob, cast.charlie, cast.sam):
        assert in_hello(user) == in_list(user)
    assert [seen.unread for seen in channels_of(cast.bob.pk) if seen.id == cast.team.pk] == [3]
    block_user(cast.bob, whom=cast.alice)
    assert in_hello(cast.bob) == in_list(cast.bob)
    assert opening_of(cast.bob).apart.blocked == {cast.alice.pk}
    assert opening_of(cast.alice).apart.blocked_by == {cast.bob.pk}


def in_list(user: User) -> list[shapes.Channel]:
    """But for the newest lines, which only a list shows."""
    return [msgspec.structs.replace(seen, last=msgspec.UNSET) for seen in channels_of(user.pk)]


def test_who_comes_in_asks_once_by_token_and_twice_by_session(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    token, session = cast.token(cast.bob), browser("bob").cookies[settings.SESSION_COOKIE_NAME].value
    opening_by(token)
    asked: list[str] = []
    for name in ("rows", "pipeline"):
        monkeypatch.setattr(prepared_sql, name, partial(_noted, asked, name, getattr(prepared_sql, name)))
    with django_assert_num_queries(0):
        by_tokens = opening_by(token)
        assert asked == ["pipeline"]
        by_sessions = prepared_sql.run_reading(by_session(session))
        assert asked[1:] == ["rows", "pipeline"]
    assert by_sessions is not None
    opening = by_sessions.opening()
    assert (opening.login.user, opening.accesses) == (by_tokens.login.user, by_tokens.accesses)


def _noted(asked: list[str], name: str, function: Callable[..., Any], *args: Any) -> Any:
    asked.append(name)
    return function(*args)


def test_whom_the_reader_has_blocked_is_asked_once_and_not_for_each_message_that_is_counted(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        channel = services.open_channel(cast.alice, name=name, members=[cast.bob])
        for body in ("first", "second"):
            said(cast.alice, channel, body)
    block_user(cast.bob, whom=cast.charlie)
    token, asked = cast.token(cast.bob), list[tuple[str, Any]]()
    pipeline = prepared_sql.pipeline
    monkeypatch.setattr(prepared_sql, "pipeline", lambda *statements: asked.extend(statements) or pipeline(*statements))
    opened = opening_by(token)
    assert sorted(access.description.unread for access in opened.accesses) == [0, 2, 2]  # type: ignore[attr-defined]
    [(sql, parameters)] = [each for each in asked if "channel_members" in each[0]]
    plan = "\n".join(line for (line,) in prepared_sql.rows(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}", parameters))
    [blocks] = [line for line in plan.splitlines() if " on blocks  (" in line]
    assert "loops=1)" in blocks, plan
