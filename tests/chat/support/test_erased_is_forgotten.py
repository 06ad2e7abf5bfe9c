"""What was erased is replayed by no process, and the people who follow the conversation are told."""

from typing import Any

import pytest

from chat.models import Channel, Conversation, Member, User
from chat.support import services
from tests.conftest import in_thread
from tests.stage.listening import Listening
from tests.stage.servers import Server, expect
from tests.stage.sockets import push
from tests.stage.support import Desk, Visit, answer, note

pytestmark = pytest.mark.django_db(transaction=True)


def talk(desk: Desk, vera: Visit) -> Conversation:
    """Begun, answered, noted about and resolved; ada holds it."""
    conversation = vera.begin("My address is Elm Street 7.")
    services.claim(desk.ada, conversation=conversation.pk)
    answer(desk.ada, conversation, "Thank you, Vera.")
    note(desk.ada, conversation, "Vera lives in Elm Street.")
    services.resolve(desk.ada, conversation=conversation.pk)
    return Conversation.objects.get(pk=conversation.pk)


def erase(desk: Desk, server: Server, vera: Visit) -> int:
    with desk.http(server, desk.sue) as sue:
        done = sue.request("DELETE", f"/visitors/{vera.visitor.pk}/", json={"reason": "She asked for it."})
    return done.status_code


async def test_an_agent_who_returns_hears_nothing_of_what_was_erased(
    servers: list[Server], desk: Desk, vera: Visit
) -> None:
    token = desk.token(desk.ada)
    first, second = servers
    # As both processes follow them, both have the newest changes in memory.
    async with first.connect(token) as here, second.connect(token) as there:
        conversation = await in_thread(talk, desk, vera)
        assert conversation.notes_id is not None
        logs = [conversation.pk, conversation.notes_id, desk.inbox.desk_id]
        heads = await in_thread(heads_of, logs)
        for socket in (here, there):
            await expect(lambda socket=socket: {log: socket.heads.get(log) for log in logs} == heads)
        assert await in_thread(erase, desk, first, vera) == 204
        for socket in (here, there):
            for log in logs[:2]:
                described = await told_of(socket, log)
                assert (described["name"], described["floor"]) == ("Erased visitor", heads[log])
    assert await in_thread(heads_of, logs) == heads, "an erasure takes no number"
    for server in servers:
        async with server.connect(token) as ada:
            state = await ada.sync(await in_thread(joined_at, desk.ada, logs))
            assert {int(log): answer for log, answer in state["channels"].items()} == {
                log: {"head": heads[log]} for log in logs
            }
            said = [change["body"] for log in logs for change in ada.changes.get(log, [])]
            assert not [body for body in said if "Vera" in body or "Elm" in body]
            assert "(erased)" in said
            assert ada.gaps == 0


async def told_of(socket: Listening, channel: int) -> dict[str, Any]:
    """The channel, as it is pushed after the erasure."""
    while True:
        described: dict[str, Any] = (await push(socket, "channel"))["channel"]
        if described["id"] == channel and "floor" in described:
            return described


def joined_at(agent: User, logs: list[int]) -> dict[int, int]:
    return dict(Member.objects.filter(user=agent, channel__in=logs).values_list("channel", "joined_rev"))


def heads_of(logs: list[int]) -> dict[int, int]:
    return dict(Channel.objects.filter(pk__in=logs).values_list("pk", "head"))
