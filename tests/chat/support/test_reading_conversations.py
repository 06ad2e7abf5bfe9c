"""The queue over HTTP, page by page, and who may read a conversation."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Group

from chat import services as services_of_chat
from chat.models import Conversation
from chat.support import services
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, answer, note, visit


@pytest.fixture
def ben(server: Server, desk: Desk) -> Iterator[httpx.Client]:
    with desk.http(server, desk.ben) as client:
        yield client


def ids(answered: httpx.Response) -> list[int]:
    return [row["id"] for row in answered.json()["results"]]


def pages(client: httpx.Client, **params: Any) -> list[int]:
    """All of a list, two at a time."""
    found: list[int] = []
    address: str | None = "/conversations/"
    while address:
        page = client.get(address, params={**params, "page_size": 2} if not found else None)
        found += ids(page)
        address = page.json()["next"]
    return found


def test_the_longest_wait_comes_first_and_every_page_follows(ben: httpx.Client, desk: Desk) -> None:
    talks = [visit(desk.inbox, f"V{number}").begin() for number in range(7)]
    answer(desk.ada, talks[0], "done")
    services.claim(desk.ada, conversation=talks[1].pk)
    services.claim(desk.ben, conversation=talks[2].pk)
    services.resolve(desk.ben, conversation=talks[3].pk)
    services.resolve(desk.ben, conversation=talks[4].pk)
    waiting = [talks[n].pk for n in (1, 2, 5, 6)]
    # Where nobody waits: after all others.
    assert pages(ben) == [*waiting, talks[0].pk]
    assert pages(ben, state="resolved") == [talks[4].pk, talks[3].pk]
    assert ids(ben.get("/conversations/", params={"whose": "mine"})) == [talks[2].pk]
    assert ids(ben.get("/conversations/", params={"whose": "unassigned"})) == [talks[5].pk, talks[6].pk, talks[0].pk]
    assert ids(ben.get("/conversations/", params={"inbox": desk.inbox.pk, "state": "open"})) == pages(ben)
    for wrong in ({"whose": "theirs"}, {"state": "lost"}, {"cursor": "x"}, {"cursor": "~x"}, {"inbox": "x"}):
        assert ben.get("/conversations/", params=wrong).status_code == 400, wrong
    assert ben.get("/conversations/", params={"inbox": desk.inbox.pk + 1}).status_code == 404


def test_what_was_said_is_read_by_who_is_in_it_who_supervises_and_by_right(
    server: Server, ben: httpx.Client, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    note(desk.ada, conversation)
    for what in ("messages", "notes"):
        path = f"/conversations/{conversation.pk}/{what}/"
        assert ben.get(path).status_code == 403
        with desk.http(server, desk.sue) as sue, desk.http(server, desk.dan) as dan:
            assert (sue.get(path).status_code, dan.get(path).status_code) == (200, 404)
    services_of_chat.make_groups()
    desk.ben.groups.add(Group.objects.get(name="Support agent"))
    path = f"/conversations/{conversation.pk}/messages/"
    assert [message["body"] for message in ben.get(path).json()["results"] if message["kind"] == "text"] == [
        "Where is my parcel?"
    ]
    # Without having come into it: the customer knows of nobody.
    own = server.http(vera.secret).get(f"/support/conversations/{conversation.pk}/").json()
    assert set(own) == {"id", "state", "head", "assignee"}
    assert own["assignee"] is None


def test_priority_and_labels_are_changed_and_bounded(ben: httpx.Client, conversation: Conversation) -> None:
    path = f"/conversations/{conversation.pk}/"
    changed = ben.patch(path, json={"priority": "urgent", "labels": ["parcel", " parcel ", "late"]}).json()
    assert (changed["priority"], changed["labels"]) == ("urgent", ["parcel", "late"])
    assert ben.patch(path, json={"priority": "low"}).json()["labels"] == ["parcel", "late"]
    for wrong in (
        {"priority": "no"},
        {"labels": ["x" * 41]},
        {"labels": [f"{n}" for n in range(21)]},
        {"state": "open"},
    ):
        assert ben.patch(path, json=wrong).status_code == 400, wrong


def test_an_agent_who_claims_a_held_conversation_is_told_who_holds_it_and_until_when(
    ben: httpx.Client, desk: Desk, conversation: Conversation
) -> None:
    row = services.claim(desk.ada, conversation=conversation.pk)
    assert row.lease_until is not None
    refused = ben.post(f"/conversations/{conversation.pk}/claim/")
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["who"]["username"]) == (409, "claimed", "ada")
    assert problem["until"].startswith(row.lease_until.isoformat()[:19])
