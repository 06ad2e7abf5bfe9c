"""A message that comes alone is posted by a function of its own: what it writes, and believes, is what posting.sql does."""

import datetime
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection

from chat import clock, services
from chat.models import Channel, Member, Message, User
from chat.services import Draft, post_alone, posting
from tests.conftest import Cast, said
from tests.stage import moments

pytestmark = pytest.mark.django_db

#: Not of the message, but of its place and its moment.
OWN = {"id", "client_msg_id", "seq", "rev", "created_at", "_state"}


def posted(draft: Draft) -> list[Any]:
    """Without a thread, by what is believed; empty when nothing was written."""
    question = posting.question_of([draft])
    assert question is not None
    assert question.sql == post_alone.STATEMENT
    marked = question.sql
    for number in range(len(question.parameters), 0, -1):
        marked = marked.replace(f"${number}:", "%s:")
    with connection.cursor() as cursor:
        cursor.execute(marked, [None if each is None else each.decode() for each in question.parameters])
        row: Sequence[str | None] = cursor.fetchone()
    return question.outcomes([None if each is None else each.encode() for each in row]) or []


def draft(user: User, channel: Channel, body: str = "alone", **fields: Any) -> Draft:
    return Draft(channel=channel.pk, sender=user.pk, client_msg_id=fields.pop("key", uuid.uuid4()), body=body, **fields)


def newest(user: User, channel: Channel, body: str) -> int:
    """What this person says, as it is answered."""
    said(user, channel, body)
    return Message.objects.get(channel=channel, body=body).pk


def test_a_message_alone_is_written_as_one_of_many_is(cast: Cast) -> None:
    answered = newest(cast.alice, cast.team, "what is for lunch?")
    said(cast.bob, cast.team, "soup", reply_to=answered)
    assert len(posted(draft(cast.bob, cast.team, "soup", reply_to=answered))) == 1
    many, alone = Message.objects.filter(body="soup").order_by("seq").defer(None)
    unlike = {name for name, value in vars(many).items() if value != vars(alone)[name]}
    assert unlike <= OWN
    assert (alone.seq, alone.rev, Channel.objects.get(pk=cast.team.pk).head) == (many.seq + 1, alone.seq, alone.seq)


def muted(cast: Cast, channel: Channel) -> None:
    services.mute_member(cast.alice, channel=channel.pk, user=cast.bob, until=clock.now() + datetime.timedelta(hours=1))


def removed(cast: Cast, channel: Channel) -> None:
    Member.objects.filter(user=cast.bob, channel=channel).delete()


def of(model: Any, **fields: Any) -> Callable[[Cast, Channel], None]:
    return lambda cast, channel: model.objects.filter(
        pk={User: cast.bob.pk, Channel: channel.pk}.get(model) or Member.objects.get(user=cast.bob, channel=channel).pk
    ).update(**fields)


@pytest.mark.parametrize(
    "change",
    [
        *(muted, removed),
        of(Channel, archived_at=moments.DAY),
        *(of(Channel, kind="private"), of(Channel, is_support=True)),
        *(of(User, is_active=False), of(User, username="robert"), of(User, display_name="Robert")),
        of(Member, role="moderator"),
    ],
)
def test_what_is_not_as_it_was_believed_is_not_posted(cast: Cast, change: Callable[[Cast, Channel], None]) -> None:
    channel = services.open_channel(cast.alice, name="lunch", members=[cast.bob])
    said(cast.bob, channel, "before")
    change(cast, channel)
    head = Channel.objects.get(pk=channel.pk).head
    assert posted(draft(cast.bob, channel)) == []
    assert (Channel.objects.get(pk=channel.pk).head, Message.objects.filter(body="alone").exists()) == (head, False)


def test_a_block_is_found_in_a_direct_conversation_and_an_end_of_it(cast: Cast) -> None:
    channel, _ = services.open_direct_channel(cast.alice, others=[cast.bob])
    said(cast.bob, channel, "before")
    assert posted(draft(cast.bob, channel)) != []
    services.block_user(cast.alice, whom=cast.bob)
    assert posted(draft(cast.bob, channel)) == []
    services.unblock_user(cast.alice, whom=cast.bob)
    assert posted(draft(cast.bob, channel)) != []


def test_what_was_posted_before_or_answers_what_is_not_there_is_not_posted(cast: Cast) -> None:
    elsewhere = services.open_channel(cast.alice, name="lunch", members=[cast.bob])
    answered, key = newest(cast.bob, elsewhere, "elsewhere"), uuid.uuid4()
    said(cast.bob, cast.team, "before", client_msg_id=key)
    assert posted(draft(cast.bob, cast.team, key=key)) == []
    assert posted(draft(cast.bob, cast.team, reply_to=answered)) == []
    assert posted(draft(cast.bob, elsewhere, reply_to=answered)) != []


def test_what_has_more_to_be_looked_at_is_asked_as_one_of_many(cast: Cast) -> None:
    said(cast.bob, cast.team, "before")
    calls, words = draft(cast.bob, cast.team, "@alice, look"), draft(cast.bob, cast.team)
    asked = [posting.question_of(drafts) for drafts in ([calls], [words, draft(cast.bob, cast.team)], [words])]
    assert [each is not None and each.sql == post_alone.STATEMENT for each in asked] == [False, False, True]


@pytest.mark.parametrize("more", [{"thread": 1}, {"files": (1,)}, {"thread": 1, "also_in_channel": True}])
def test_what_stands_beside_the_words_is_never_left_out(cast: Cast, more: dict[str, Any]) -> None:
    said(cast.bob, cast.team, "before")
    question = posting.question_of([draft(cast.bob, cast.team, **more)])
    assert question is not None
    assert question.sql != post_alone.STATEMENT


def test_a_connection_plans_each_statement_of_posting_once() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname, proconfig FROM pg_proc WHERE proname IN ('post_alone', 'post_drafts')")
        settings = dict(cursor.fetchall())
    assert set(settings) == {"post_alone", "post_drafts"}
    for name, given in settings.items():
        assert "plan_cache_mode=force_generic_plan" in given, name
