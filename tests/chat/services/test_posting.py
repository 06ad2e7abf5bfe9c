"""Posting believes what it saw last, in one round trip, and is never wrong: the rows decide, under the channel's lock."""

import datetime
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from chat import clock, prepared_sql, services
from chat.models import Channel, Message, Sanction, User
from chat.services import posting
from delivery.source import Committed
from delivery.wire import errors
from tests.conftest import Cast, said, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement of the path that messages take."""
    statements: list[str] = []
    rows = prepared_sql.rows

    def noted(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        statements.append(sql)
        return rows(sql, parameters)

    monkeypatch.setattr(prepared_sql, "rows", noted)
    return statements


def test_a_message_takes_one_round_trip_and_a_senders_first_two(cast: Cast, asked: list[str]) -> None:
    said(cast.bob, cast.team, "first")
    assert len(asked) == 2
    said(cast.bob, cast.team, "second")
    said(cast.bob, cast.team, "third", reply_to=Message.objects.get(body="first").pk)
    assert len(asked) == 4
    assert len(set(asked)) == 1


def test_what_is_refused_is_asked_once(cast: Cast, asked: list[str]) -> None:
    for _ in range(2):
        assert isinstance(say(cast.vera, cast.team, "let me in"), errors.NotFound)
    assert len(asked) == 2


def muted(cast: Cast) -> None:
    services.mute_member(
        cast.alice, channel=cast.team.pk, user=cast.bob, until=clock.now() + datetime.timedelta(hours=1)
    )


def removed(cast: Cast) -> None:
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob)


def archived(cast: Cast) -> None:
    services.archive_channel(cast.alice, channel=cast.team.pk)


def switched_off(cast: Cast) -> None:
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (muted, errors.Muted),
        (removed, errors.NotFound),
        (archived, errors.Archived),
        (switched_off, errors.Forbidden),
    ],
)
def test_what_changed_since_is_found(cast: Cast, change: Callable[[Cast], None], refusal: type[errors.Refused]) -> None:
    said(cast.bob, cast.team, "while bob may")
    change(cast)
    assert type(say(cast.bob, cast.team, "no longer")) is refusal
    assert type(say(cast.bob, cast.team, "and not later")) is refusal
    assert not Message.objects.filter(kind="text").exclude(body="while bob may").exists()


def test_what_is_allowed_again_is_found(cast: Cast) -> None:
    muted(cast)
    assert isinstance(say(cast.bob, cast.team, "muted"), errors.Muted)
    services.mute_member(cast.alice, channel=cast.team.pk, user=cast.bob, until=None)
    said(cast.bob, cast.team, "not any more")


def test_a_mute_ends_by_itself(cast: Cast) -> None:
    muted(cast)
    assert isinstance(say(cast.bob, cast.team, "muted"), errors.Muted)
    Sanction.objects.update(until=clock.now())
    said(cast.bob, cast.team, "not any more")


def test_a_new_name_is_said_with_the_next_message(cast: Cast) -> None:
    said(cast.bob, cast.team, "as Bob")
    User.objects.filter(pk=cast.bob.pk).update(display_name="Robert")
    outcome = say(cast.bob, cast.team, "as Robert")
    assert isinstance(outcome, Committed)
    assert b'"Robert"' in outcome.raw


def test_of_one_batch_some_may_be_as_believed_and_others_not(cast: Cast) -> None:
    for user in (cast.alice, cast.bob):
        said(user, cast.team, "before")
    muted(cast)
    head = Channel.objects.get(pk=cast.team.pk).head
    drafts = [
        services.Draft(channel=cast.team.pk, sender=user.pk, client_msg_id=uuid.UUID(int=n), body=f"{n}")
        for n, user in enumerate([cast.alice, cast.bob, cast.vera, cast.alice])
    ]
    outcomes = services.post_messages(drafts)
    assert [type(outcome) for outcome in outcomes] == [Committed, errors.Muted, errors.NotFound, Committed]
    rows = Message.objects.filter(channel=cast.team, rev__gt=head).order_by("seq").values_list("body", "seq")
    assert list(rows) == [("0", head + 1), ("3", head + 2)]


@pytest.mark.parametrize(
    ("file", "functions"),
    [
        ("posting", ["post_drafts"]),
        ("posting_alone", ["post_alone"]),
        ("mentioning", ["mentions_of"]),
        (
            "conversing",
            ["spelled_time", "queue_facts", "public_name", "with_conversations", "move_conversations", "write_lines"],
        ),
    ],
)
def test_the_functions_in_the_database_are_those_of_the_file(file: str, functions: list[str]) -> None:
    # Else the file was changed without a migration that runs it again.
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = ANY (%s)", [functions])
        sources = [source for (source,) in cursor.fetchall()]
    text = Path(posting.__file__).with_name(f"{file}.sql").read_text()
    assert len(sources) == len(functions) == text.count("CREATE OR REPLACE FUNCTION")
    assert all(source in text for source in sources)
