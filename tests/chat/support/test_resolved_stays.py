"""A resolved conversation keeps its messages until it is reopened; while it is open the desk sees every change."""

import datetime
import uuid
from collections.abc import Callable

import pytest

from chat import clock
from chat import services as services_of_chat
from chat.models import Conversation, Message, User
from chat.support import services
from delivery.wire.errors import Over
from tests.conftest import in_thread
from tests.stage.listening import Listening
from tests.stage.servers import Server, expect
from tests.stage.support import Desk, Visit, answer, support_api


def edit(by: User, message: Message) -> Message:
    return services_of_chat.edit_message(by, channel=message.channel_id, message=message.pk, body="Never mind.")


def delete(by: User, message: Message) -> Message:
    return services_of_chat.delete_message(by, channel=message.channel_id, message=message.pk)


def first_said_by(user: User, conversation: Conversation) -> Message:
    return Message.objects.filter(channel=conversation.pk, sender=user, kind="text").earliest("seq")


@pytest.mark.parametrize("revise", [edit, delete])
@pytest.mark.parametrize("is_over", [False, True])
def test_a_customer_revises_nothing_in_what_is_resolved(
    revise: Callable[[User, Message], Message], is_over: bool, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    said = first_said_by(vera.visitor, conversation)
    answer(desk.ada, conversation, "Done.")
    services.resolve(desk.ada, conversation=conversation.pk)
    if is_over:
        Conversation.objects.filter(pk=conversation.pk).update(reopens_until=clock.now() - datetime.timedelta(days=1))
    with pytest.raises(Over, match="resolved: its messages"):
        revise(vera.visitor, said)
    said.refresh_from_db()
    assert (said.body, said.rev) == ("Where is my parcel?", said.seq)
    # Their agent has a word left to mend: it is nobody's complaint who hears of it.
    assert edit(desk.ada, first_said_by(desk.ada, conversation)).body == "Never mind."


def test_over_http_it_is_a_code_and_a_sentence(
    server: Server, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    said = first_said_by(vera.visitor, conversation)
    services.resolve(desk.ada, conversation=conversation.pk)
    path = f"/channels/{conversation.pk}/messages/{said.pk}/"
    with server.http(vera.secret) as own:
        for refused in (own.patch(path, json={"body": "No."}), own.delete(path)):
            assert (refused.status_code, refused.json()["code"]) == (409, "archived")
            assert refused.json()["detail"] == "This conversation is resolved: its messages can't be changed."


async def test_while_it_is_open_its_agent_hears_of_every_edit_and_deletion(
    servers: list[Server], desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    await in_thread(services.claim, desk.ada, conversation=conversation.pk)
    said = await in_thread(first_said_by, vera.visitor, conversation)
    async with Listening(servers[1].ws, token=desk.token(desk.ada), heads={}) as agent:
        with servers[0].http(vera.secret) as own:
            path = f"/channels/{conversation.pk}/messages/{said.pk}/"
            await in_thread(lambda: own.patch(path, json={"body": "Where is my red parcel?"}).raise_for_status())
            await in_thread(lambda: own.delete(path).raise_for_status())
        await expect(lambda: len(agent.changes.get(conversation.pk, [])) == 2)
    edited, deleted = agent.changes[conversation.pk]
    assert [change["seq"] for change in (edited, deleted)] == [said.seq, said.seq]
    assert (edited["body"], deleted["body"], bool(deleted["deleted_at"])) == ("Where is my red parcel?", "", True)


def test_who_of_the_staff_answers_what_is_over_is_told_what_to_do(
    server: Server, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    services.resolve(desk.ada, conversation=conversation.pk)
    Conversation.objects.filter(pk=conversation.pk).update(reopens_until=clock.now() - datetime.timedelta(days=1))
    draft = {"client_msg_id": str(uuid.uuid4()), "body": "One more thing."}
    with desk.http(server, desk.ada) as ada, support_api(server, vera.secret) as own:
        refused = ada.post(f"/conversations/{conversation.pk}/answer/", json=draft)
        assert (refused.status_code, refused.json()["code"]) == (409, "archived")
        assert "reopen it to answer" in refused.json()["detail"]
        ada.post(f"/conversations/{conversation.pk}/reopen/").raise_for_status()
        assert ada.post(f"/conversations/{conversation.pk}/answer/", json=draft).status_code == 201
        assert own.get(f"/conversations/{conversation.pk}/").json()["state"] == "open"
