"""A repeat of an agent's answer or note has no effect beyond the first: an agent who has left meanwhile stays outside."""

import uuid
from typing import Any

import pytest

from chat.models import Channel, Conversation, Member, Message, User
from chat.support import services
from delivery.wire.errors import Conflict
from tests.stage.servers import Server
from tests.stage.support import Desk, answer


def standing(conversation: Conversation) -> dict[str, Any]:
    """All that an answer or note may change."""
    row = Conversation.objects.get(pk=conversation.pk)
    logs = [conversation.pk, row.notes_id, row.desk_id]
    return {
        "heads": list(Channel.objects.filter(pk__in=logs).order_by("pk").values_list("head", flat=True)),
        "members": sorted(Member.objects.filter(channel__in=logs).values_list("channel", "user")),
        "row": {name: value for name, value in vars(row).items() if name != "_state"},
        "messages": Message.objects.count(),
    }


def leave_and_return(desk: Desk, agent: User) -> None:
    """Removed from the inbox, which ends the memberships in its conversations, and added again."""
    services.remove_agent(desk.sue, inbox=desk.inbox, user=agent.pk)
    services.add_agent(desk.sue, inbox=desk.inbox, user=agent)


def test_a_repeated_answer_over_http_makes_nobody_a_member_again(
    server: Server, desk: Desk, conversation: Conversation
) -> None:
    said = {"client_msg_id": str(uuid.uuid4()), "body": "It left this morning."}
    with desk.http(server, desk.ben) as ben:
        first = ben.post(f"/conversations/{conversation.pk}/answer/", json=said)
        assert first.status_code == 201
        leave_and_return(desk, desk.ben)
        before = standing(conversation)
        again = ben.post(f"/conversations/{conversation.pk}/answer/", json=said)
        assert (again.status_code, again.json()["id"], again.json()["body"]) == (
            200,
            first.json()["id"],
            "It left this morning.",
        )
        other = ben.post(f"/conversations/{conversation.pk}/answer/", json={**said, "body": "Another."})
        assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert standing(conversation) == before


def test_a_repeated_last_answer_resolves_once_and_makes_nobody_a_member_again(
    desk: Desk, conversation: Conversation
) -> None:
    said = {"conversation": conversation.pk, "client_msg_id": uuid.uuid4(), "body": "Have a nice day!"}
    services.resolve(desk.ben, **said)
    leave_and_return(desk, desk.ben)
    before = standing(conversation)
    services.resolve(desk.ben, **said)
    assert standing(conversation) == before
    with pytest.raises(Conflict):
        services.answer(desk.ben, **{**said, "body": "Another."})
    assert standing(conversation) == before


def test_a_repeated_note_makes_nobody_a_member_again(desk: Desk, conversation: Conversation) -> None:
    services.claim(desk.ben, conversation=conversation.pk)
    said = {"conversation": conversation.pk, "client_msg_id": uuid.uuid4(), "body": "Their third parcel."}
    services.note(desk.ben, **said)
    leave_and_return(desk, desk.ben)
    # Back in the conversation alone: in the notes is who writes or claims.
    answer(desk.ben, conversation, "It left this morning.")
    before = standing(conversation)
    assert services.note(desk.ben, **said).duplicate
    assert standing(conversation) == before
