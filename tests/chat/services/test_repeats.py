"""A repeat is told from another message for ever, whatever became of the first: by a digest of what was first said."""

import itertools
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from chat import clock, services
from chat.models import Message
from chat.services.message_digest import digest_of
from delivery.client.connection import CommandRefused
from delivery.source import Committed
from delivery.wire.errors import Conflict
from tests.conftest import Cast, in_thread, said, say
from tests.stage.servers import Server

KEY = uuid.UUID("0b7e2a52-0f0e-4d9c-9d55-5d3f6b2a9a10")


def stays(cast: Cast, row: Message) -> None:
    """Nothing becomes of it."""


def edited(cast: Cast, row: Message) -> None:
    services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="other words")


def edited_twice(cast: Cast, row: Message) -> None:
    edited(cast, row)
    services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="and others")


def edited_back(cast: Cast, row: Message) -> None:
    edited(cast, row)
    services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body=row.body)


def deleted(cast: Cast, row: Message) -> None:
    services.delete_message(cast.alice, channel=cast.team.pk, message=row.pk)


def edited_and_deleted(cast: Cast, row: Message) -> None:
    edited(cast, row)
    deleted(cast, row)


def deleted_by_its_owner(cast: Cast, row: Message) -> None:
    services.delete_message(cast.alice, channel=cast.team.pk, message=row.pk)


FATES = [stays, edited, edited_twice, edited_back, deleted, edited_and_deleted]


def answered(cast: Cast) -> int:
    said(cast.bob, cast.team, "a question")
    return Message.objects.get(body="a question").pk


@pytest.mark.django_db
@pytest.mark.parametrize("is_from_before", [False, True], ids=["", "posted before digests were kept"])
@pytest.mark.parametrize("fate", FATES)
def test_a_repeat_of_the_same_is_a_duplicate_and_of_anything_else_a_conflict(
    cast: Cast, fate: Callable[..., None], is_from_before: bool
) -> None:
    question = answered(cast)
    other = services.open_channel(cast.alice, name="other")
    said(cast.alice, cast.team, "an answer", client_msg_id=KEY, reply_to=question)
    if is_from_before:
        Message.objects.update(said_digest=None)
    row = Message.objects.get(client_msg_id=KEY)
    fate(cast, row)
    repeat = say(cast.alice, cast.team, "an answer", client_msg_id=KEY, reply_to=question)
    assert isinstance(repeat, Committed)
    assert repeat.duplicate
    for body, reply_to in (
        ("other words", question),
        ("and others", question),
        ("an answer", None),
        ("an answer", row.pk),
    ):
        assert isinstance(say(cast.alice, cast.team, body, client_msg_id=KEY, reply_to=reply_to), Conflict)
    assert isinstance(say(cast.alice, other, "an answer", client_msg_id=KEY), Conflict)
    assert Message.objects.filter(client_msg_id=KEY).count() == 1


@pytest.mark.django_db
def test_of_a_message_that_changed_before_digests_were_kept_only_the_channel_is_known(cast: Cast) -> None:
    said(cast.alice, cast.team, "first", client_msg_id=KEY)
    edited(cast, Message.objects.get(client_msg_id=KEY))
    Message.objects.update(said_digest=None)
    repeat = say(cast.alice, cast.team, "anything", client_msg_id=KEY)
    assert isinstance(repeat, Committed)
    # A later edit says nothing of what was first said either.
    edited_back(cast, Message.objects.get(client_msg_id=KEY))
    assert Message.objects.get(client_msg_id=KEY).said_digest is None


@pytest.mark.django_db
def test_a_repeat_whose_question_was_pruned_is_still_the_same(cast: Cast) -> None:
    question = answered(cast)
    said(cast.alice, cast.team, "an answer", client_msg_id=KEY, reply_to=question)
    services.edit_message(
        cast.alice, channel=cast.team.pk, message=Message.objects.get(client_msg_id=KEY).pk, body="an answer"
    )
    Message.objects.filter(pk=question).delete()
    repeat = say(cast.alice, cast.team, "an answer", client_msg_id=KEY, reply_to=question)
    assert isinstance(repeat, Committed)
    assert repeat.duplicate


@pytest.mark.django_db
def test_twins_in_one_batch_are_told_apart_by_all_that_was_said(cast: Cast) -> None:
    question = answered(cast)
    fields: dict[str, Any] = {"channel": cast.team.pk, "sender": cast.alice.pk, "client_msg_id": KEY, "body": "so"}
    drafts = [services.Draft(**fields), services.Draft(**fields, reply_to=question), services.Draft(**fields)]
    first, second, third = services.post_messages(drafts)
    assert isinstance(second, Conflict)
    assert isinstance(first, Committed)
    assert isinstance(third, Committed)
    assert (first.duplicate, third.duplicate) == (False, True)


def test_a_digest_stays_what_it_is() -> None:
    # They stand in rows: another spelling of the same would make conflicts of honest repeats.
    assert digest_of(channel=12, body="hello", reply_to=None).hex() == "f3908702d1195c8a578774933b445b0e"
    assert digest_of(channel=12, body="hello", reply_to=5).hex() == "32664d8894371e7065670c43185aaa97"
    given = itertools.product((1, 2), ("", "\n", " reply_to=1"), (None, 1))
    assert len({digest_of(channel=channel, body=body, reply_to=reply_to) for channel, body, reply_to in given}) == 12


@pytest.mark.django_db
def test_what_nobody_posted_has_no_digest(cast: Cast) -> None:
    assert not Message.objects.exclude(said_digest=None).exists()
    row = Message.objects.create(
        channel=cast.team,
        sender=cast.alice,
        client_msg_id=KEY,
        body="by a script",
        seq=99,
        rev=99,
        created_at=clock.now(),
    )
    assert row.said_digest is None
    assert isinstance(say(cast.alice, cast.team, "by a script", client_msg_id=KEY), Committed)


@pytest.mark.parametrize("fate", [edited, deleted])
async def test_a_repeat_with_other_words_is_a_conflict_at_every_door(
    server: Server, cast: Cast, fate: Callable[..., None]
) -> None:
    http = server.http(cast.token(cast.alice))
    path = f"/channels/{cast.team.pk}/messages/"

    def post(body: str, **more: Any) -> int:
        answer = http.post(path, json={"client_msg_id": str(KEY), "body": body, **more})
        assert answer.status_code == 200 or answer.json()["code"] == "conflict"
        return answer.status_code

    async with server.connect(cast.token(cast.alice)) as alice:
        question = await in_thread(answered, cast)
        assert (await alice.post(cast.team.pk, "first", client_msg_id=str(KEY)))["duplicate"] is False
        await in_thread(fate, cast, await in_thread(Message.objects.get, client_msg_id=KEY))
        again = await alice.post(cast.team.pk, "first", client_msg_id=str(KEY))
        assert again["duplicate"] is True
        assert again["message"]["body"] != "first"
        for body, more in (("second", {}), ("other words", {}), ("first", {"reply_to": question})):
            with pytest.raises(CommandRefused) as refused:
                await alice.post(cast.team.pk, body, client_msg_id=str(KEY), **more)
            assert refused.value.code == "conflict"
            assert await in_thread(post, body, **more) == 409
        assert await in_thread(post, "first") == 200
    assert await in_thread(Message.objects.filter(client_msg_id=KEY).count) == 1


async def test_a_repeat_is_answered_alike_by_both_doors_also_after_leaving(server: Server, cast: Cast) -> None:
    given = {"client_msg_id": str(KEY), "body": "I am going"}
    http = server.http(cast.token(cast.bob))
    async with server.connect(cast.token(cast.bob)) as bob:
        first = await bob.post(cast.team.pk, given["body"], client_msg_id=given["client_msg_id"])
        await in_thread(services.leave_channel, cast.bob, channel=cast.team.pk)
        again = await bob.post(cast.team.pk, given["body"], client_msg_id=given["client_msg_id"])
        answer = await in_thread(http.post, f"/channels/{cast.team.pk}/messages/", json=given)
        assert (again["duplicate"], again["message"]["id"]) == (True, first["message"]["id"])
        assert (answer.status_code, answer.json()["id"]) == (200, first["message"]["id"])
        with pytest.raises(CommandRefused, match="not_found"):
            await bob.post(cast.team.pk, "I am not here any more")


@pytest.mark.parametrize("fate", [stays, deleted_by_its_owner])
async def test_a_repeat_by_a_removed_author_does_not_tell_what_came_after_the_removal(
    servers: list[Server], cast: Cast, fate: Callable[..., None]
) -> None:
    given = {"client_msg_id": str(KEY), "body": "I am going"}
    async with servers[0].connect(cast.token(cast.bob)) as bob, servers[1].connect(cast.token(cast.alice)) as alice:
        first = (await bob.post(cast.team.pk, given["body"], client_msg_id=given["client_msg_id"]))["message"]
        await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
        await alice.command("reaction.add", channel=cast.team.pk, message=first["id"], emoji="👍")
        await alice.command("pin.add", channel=cast.team.pk, message=first["id"])
        await alice.post(cast.team.pk, "He is gone.", thread=first["id"])
        await in_thread(fate, cast, await in_thread(Message.objects.get, client_msg_id=KEY))
        again = await bob.post(cast.team.pk, given["body"], client_msg_id=given["client_msg_id"])
        answer = await in_thread(
            servers[1].http(cast.token(cast.bob)).post, f"/channels/{cast.team.pk}/messages/", json=given
        )
    assert (again["duplicate"], answer.status_code) == (True, 200)
    assert again["message"] == answer.json() == first
