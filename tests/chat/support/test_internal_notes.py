"""Who may write notes, and that writing one shows no notes of others."""

import dataclasses
import json
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group

from chat import services as services_of_chat
from chat.models import Channel, Conversation, Member, Mention, Message
from chat.support import services
from delivery.wire.errors import Conflict, NotFound, RateLimited
from tests.conftest import in_thread
from tests.stage.listening import Listening
from tests.stage.servers import Server, expect
from tests.stage.support import Desk, Visit, note

SECRET = "Their third parcel that is late"


def test_a_note_opens_to_who_writes_it_none_of_the_others(
    server: Server, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    notes = note(desk.ada, conversation, SECRET)
    draft = {"client_msg_id": str(uuid.uuid4()), "body": "I know them."}
    with desk.http(server, desk.ben) as ben:
        first, again = (ben.post(f"/conversations/{conversation.pk}/note/", json=draft) for _ in range(2))
        assert (first.status_code, again.status_code, first.content) == (201, 200, again.content)
        assert ben.get(f"/conversations/{conversation.pk}/notes/").status_code == 403
        other = ben.post(f"/conversations/{conversation.pk}/note/", json={**draft, "body": "Or not."})
        assert (other.status_code, other.json()["code"]) == (409, "conflict")
    inner = server.http(desk.token(desk.ben))
    for path in ("messages/", "changes/", f"messages/{first.json()['id']}/"):
        assert inner.get(f"/channels/{notes}/{path}").status_code == 404, path
    assert SECRET not in inner.get("/search/", params={"q": "parcel late"}).text
    assert not Member.objects.filter(channel=notes, user=desk.ben).exists()
    # Who is in the conversation hears of it.
    with desk.http(server, desk.ada) as ada:
        said = ada.get(f"/conversations/{conversation.pk}/notes/").json()["results"]
        assert [(row["sender"]["username"], row["body"]) for row in said if row["kind"] == "text"] == [
            ("ben", "I know them."),
            ("ada", SECRET),
        ]
    assert services.claim(desk.ada, conversation=conversation.pk).assignee == desk.ada


def test_the_right_to_read_all_ends_with_the_right_whatever_was_noted_meanwhile(
    server: Server, desk: Desk, conversation: Conversation
) -> None:
    services_of_chat.make_groups()
    readers = Group.objects.get(name="Support agent")
    desk.ben.groups.add(readers)
    notes = note(desk.ben, conversation)
    with desk.http(server, desk.ben) as ben:
        assert ben.get(f"/conversations/{conversation.pk}/notes/").status_code == 200
        desk.ben.groups.remove(readers)
        assert ben.get(f"/conversations/{conversation.pk}/notes/").status_code == 403
    assert server.http(desk.token(desk.ben)).get(f"/channels/{notes}/messages/").status_code == 404
    # Who comes into the conversation comes into its notes.
    services.claim(desk.ben, conversation=conversation.pk)
    assert server.http(desk.token(desk.ben)).get(f"/channels/{notes}/messages/").status_code == 200


def test_a_note_from_outside_is_numbered_and_counted_like_any_message(
    settings: Any, desk: Desk, conversation: Conversation
) -> None:
    notes = note(desk.ben, conversation, "one")
    note(desk.ben, conversation, "two")
    assert list(Message.objects.filter(channel=notes).order_by("seq").values_list("seq", "body", "said_as")) == [
        (1, "one", ""),
        (2, "two", ""),
    ]
    assert Channel.objects.get(pk=notes).head == 2
    with pytest.raises(NotFound):
        note(desk.dan, conversation)
    key = uuid.uuid4()
    services.note(desk.sue, conversation=conversation.pk, client_msg_id=key, body="this")
    # Its author reads no notes, so a repeat does not tell what came of it.
    Message.objects.filter(client_msg_id=key).update(reactions=[["👍", [desk.ada.pk]]], rev=9)
    again = services.note(desk.sue, conversation=conversation.pk, client_msg_id=key, body="this")
    assert (again.duplicate, json.loads(again.raw)["reactions"], json.loads(again.raw)["rev"]) == (True, {}, 3)
    with pytest.raises(Conflict):
        services.note(desk.sue, conversation=conversation.pk, client_msg_id=key, body="that")
    settings.LIMITS = dataclasses.replace(settings.LIMITS, messages_per_minute=1)
    assert [note_or_refusal(desk, conversation) for _ in range(2)] == [notes, "rate_limited"]


def note_or_refusal(desk: Desk, conversation: Conversation) -> str | int:
    try:
        return note(desk.cleo, conversation)
    except RateLimited as refused:
        return refused.code


async def test_an_agent_is_called_by_a_note_from_outside(
    server: Server, desk: Desk, conversation: Conversation
) -> None:
    await in_thread(lambda: services.claim(desk.ada, conversation=conversation.pk))
    notes = await in_thread(note, desk.ada, conversation)
    async with Listening(server.ws, token=desk.token(desk.ada), heads={notes: 1}) as ada:
        # (cleo is not in it, and vera is not of the staff.)
        await in_thread(note, desk.ben, conversation, "@ada, is this @cleo's or vera's? @vera")
        [live] = await expect(lambda: [row for row in ada.changes.get(notes, []) if row["body"].startswith("@ada")])
    assert live["mentions"] == {"users": [desk.ada.pk], "everyone": False}
    with server.http(desk.token(desk.ada)) as own:
        [listed] = own.get("/mentions/").json()["results"]
        badge = own.get(f"/channels/{notes}/").json()["mentioned"]
    assert (listed["id"], listed["mentions"], badge) == (live["id"], live["mentions"], 1)
    # All that are in the notes, as a plain member may call them.
    await in_thread(note, desk.ben, conversation, "@channel")
    called = await in_thread(lambda: list(Mention.objects.filter(channel=notes).values_list("user", flat=True)))
    assert called == [desk.ada.pk] * 2
    assert not await in_thread(Mention.objects.exclude(channel=notes).exists)
