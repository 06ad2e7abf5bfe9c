"""A2: no two agents answer past each other, at either door, in either process."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from chat.models import Channel, Conversation, Message
from chat.support import services
from delivery.client.connection import CommandRefused
from tests.conftest import in_thread
from tests.stage.listening import Listening
from tests.stage.servers import Server
from tests.stage.support import Desk

ROUNDS = 200


@pytest.fixture
def both(servers: list[Server], desk: Desk) -> Iterator[list[httpx.Client]]:
    """ada by one process, ben by the other."""
    with ExitStack() as stack:
        people = zip(servers, (desk.ada, desk.ben), strict=True)
        yield [stack.enter_context(desk.http(server, user)) for server, user in people]


def draft(body: str, seen: int) -> dict[str, object]:
    return {"client_msg_id": str(uuid.uuid4()), "body": body, "seen_seq": seen}


def test_a2_who_has_not_seen_the_other_answer_is_refused_and_told(
    both: list[httpx.Client], desk: Desk, conversation: Conversation
) -> None:
    ada, ben = both
    answer = f"/conversations/{conversation.pk}/answer/"
    seen = both_enter(desk, conversation)
    first = draft("It left today.", seen)
    said = ada.post(answer, json=first)
    assert said.status_code == 201
    never = draft("It never left.", seen)
    refused = ben.post(answer, json=never)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "overtaken")
    assert refused.headers["content-type"] == "application/problem+json"
    assert [message["body"] for message in problem["missed"]] == ["It left today."]
    assert problem["missed"][0]["seq"] == said.json()["seq"]
    assert not Message.objects.filter(body="It never left.").exists()
    assert Channel.objects.get(pk=conversation.pk).head == said.json()["seq"]
    # A repeat of what was accepted stays one; "send anyway" is the same draft with the new number.
    assert ada.post(answer, json=first).status_code == 200
    assert ben.post(answer, json={**never, "seen_seq": said.json()["seq"]}).status_code == 201


def test_a2_of_two_answers_at_the_same_moment_one_stands(
    both: list[httpx.Client], desk: Desk, conversation: Conversation
) -> None:
    both_enter(desk, conversation)
    answer = f"/conversations/{conversation.pk}/answer/"
    with ThreadPoolExecutor(2) as pool:
        for number in range(ROUNDS):
            seen = Channel.objects.get(pk=conversation.pk).head
            answers = list(pool.map(lambda agent: agent.post(answer, json=draft(f"{number}", seen)), both))  # noqa: B023
            assert sorted(answer.status_code for answer in answers) == [201, 409], number
            assert [a.json()["code"] for a in answers if a.status_code == 409] == ["overtaken"]
    assert (
        Message.objects.filter(channel=conversation.pk, sender__in=[desk.ada, desk.ben], kind="text").count() == ROUNDS
    )


async def test_a2_the_socket_is_guarded_alike(servers: list[Server], desk: Desk, conversation: Conversation) -> None:
    seen = await in_thread(both_enter, desk, conversation)
    async with (
        Listening(servers[0].ws, token=desk.token(desk.ada), heads={}) as ada,
        Listening(servers[1].ws, token=desk.token(desk.ben), heads={}) as ben,
    ):
        said = await ada.command("message.post", channel=conversation.pk, **draft("It left today.", seen))
        with pytest.raises(CommandRefused) as refused:
            await ben.command("message.post", channel=conversation.pk, **draft("It never left.", seen))
        assert refused.value.code == "overtaken"
        assert [message["body"] for message in refused.value.frame["missed"]] == ["It left today."]
        again = draft("By sea.", said["message"]["seq"])
        assert (await ben.command("message.post", channel=conversation.pk, **again))["duplicate"] is False


def both_enter(desk: Desk, conversation: Conversation) -> int:
    """Both are in it; the number that they have seen."""
    for agent in (desk.ada, desk.ben):
        services.enter(agent, conversation=conversation.pk)
    return Channel.objects.get(pk=conversation.pk).head
