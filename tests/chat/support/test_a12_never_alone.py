"""A12: in every state a conversation can be continued, whatever happened to the agent who held it."""

import datetime
import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest

from chat import clock
from chat import services as services_of_chat
from chat.models import Conversation, Member, User
from chat.support import services
from chat.support.models import Agent
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, visit


def banned(desk: Desk, agent: User) -> None:
    root = User.objects.get(is_superuser=True)
    services_of_chat.ban_user(root, user=agent.pk, reason="abuse")


def erased(desk: Desk, agent: User) -> None:
    root = User.objects.get(is_superuser=True)
    services_of_chat.deactivate_user(root, user=agent.pk, reason="has left")


def without_role(desk: Desk, agent: User) -> None:
    services.remove_agent(desk.sue, inbox=desk.inbox, user=agent.pk)


def gone_unnoticed(desk: Desk, agent: User) -> None:
    """As after a crash midway, or by somebody at the rows: the worst case."""
    Agent.objects.filter(user=agent).delete()
    Member.objects.filter(user=agent).delete()


STATES: dict[str, Callable[[Desk, Conversation], object]] = {
    "open": lambda desk, talk: None,
    "pending": lambda desk, talk: services.set_pending(desk.ada, conversation=talk.pk),
    "snoozed": lambda desk, talk: services.snooze(
        desk.ada, conversation=talk.pk, until=clock.now() + datetime.timedelta(days=1)
    ),
    "resolved": lambda desk, talk: services.resolve(desk.ada, conversation=talk.pk),
}


@pytest.fixture
def supervisor(server: Server, desk: Desk) -> Iterator[httpx.Client]:
    with desk.http(server, desk.sue) as client:
        yield client


@pytest.mark.parametrize("fate", [banned, erased, without_role, gone_unnoticed])
def test_a12_a_supervisor_goes_on_with_it_in_every_state(
    server: Server, supervisor: httpx.Client, desk: Desk, fate: Callable[[Desk, User], None]
) -> None:
    talks: dict[str, tuple[Conversation, Visit]] = {}
    for state, bring in STATES.items():
        person = visit(desk.inbox, "Vera")
        talk = person.begin()
        services.claim(desk.ada, conversation=talk.pk)
        bring(desk, talk)
        talks[state] = talk, person
    fate(desk, desk.ada)
    for state, (talk, person) in talks.items():
        one = f"/conversations/{talk.pk}/"
        for act, expected in (("claim/", None), ("resolve/", "resolved"), ("reopen/", "open"), ("claim/", "open")):
            answered = supervisor.post(one + act)
            assert answered.status_code == 200, (state, act, answered.text)
            assert expected in (None, answered.json()["state"])
        assert answered.json()["assignee"]["id"] == desk.sue.pk
        own = server.http(person.secret)
        draft = {"client_msg_id": str(uuid.uuid4()), "body": "hello?"}
        said = own.post(f"/channels/{talk.pk}/messages/", json=draft)
        assert said.status_code == 201
        assert own.get(f"/support{one}").json()["assignee"]["id"] == desk.sue.pk
        # Four at once are more than some can hold.
        assert supervisor.post(one + "resolve/").status_code == 200


def test_a12_who_is_gone_can_do_nothing_more(server: Server, desk: Desk, conversation: Conversation) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    without_role(desk, desk.ada)
    one = f"/conversations/{conversation.pk}/"
    with desk.http(server, desk.ada) as ada:
        for act in ("claim/", "release/", "take-over/", "resolve/", "reopen/", "pending/"):
            assert ada.post(one + act).status_code == 404
        assert ada.get(one).status_code == 404
        assert ada.get("/conversations/").json()["results"] == []
    assert server.http(desk.token(desk.ada)).get(f"/channels/{conversation.pk}/messages/").status_code == 404
