"""A6: of the notes a customer sees no byte, and no number of theirs moves."""

import uuid
from collections.abc import Iterator

import httpx
import pytest

from chat import services as services_of_chat
from chat.models import Channel, Conversation
from chat.support import services
from tests.conftest import in_thread
from tests.stage.listening import Listening
from tests.stage.servers import Server, expect
from tests.stage.support import Desk, Visit, answer, note

NOTES = 1000
SECRET = "Their third parcel that is late"


@pytest.fixture
def ada(server: Server, desk: Desk) -> Iterator[httpx.Client]:
    with desk.http(server, desk.ada) as client:
        yield client


def write_notes(desk: Desk, notes: int) -> None:
    """As many as nobody writes by hand; the first came over HTTP."""
    for batch in range(NOTES // 50):
        services_of_chat.post_messages([
            services_of_chat.Draft(
                channel=notes, sender=desk.ada.pk, client_msg_id=uuid.uuid4(), body=f"{SECRET} {batch} {number}"
            )
            for number in range(50)
        ])  # fmt: skip


def test_a6_a_thousand_notes_are_nothing_to_the_customer(
    server: Server, ada: httpx.Client, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    answer(desk.ada, conversation, "It left today.")
    before = seen_by(server, vera, conversation)
    draft = {"client_msg_id": str(uuid.uuid4()), "body": SECRET}
    note = ada.post(f"/conversations/{conversation.pk}/note/", json=draft)
    assert (note.status_code, note.json()["body"]) == (201, SECRET)
    assert ada.post(f"/conversations/{conversation.pk}/note/", json=draft).status_code == 200
    notes = note.json()["channel"]
    assert ada.get(f"/conversations/{conversation.pk}/").json()["notes"] == notes
    write_notes(desk, notes)
    assert seen_by(server, vera, conversation) == before
    assert SECRET.encode() not in b"".join(before)
    inner = server.http(vera.secret)
    said = {"client_msg_id": str(uuid.uuid4()), "body": "let me in"}
    for call, path, body in (
        ("GET", "messages/", None),
        ("POST", "messages/", said),
        ("GET", f"messages/{note.json()['id']}/", None),
        ("PATCH", f"messages/{note.json()['id']}/", {"body": "mine"}),
        ("DELETE", f"messages/{note.json()['id']}/", None),
        ("GET", "changes/", None),
        ("POST", "read/", {"seq": 1}),
    ):
        assert inner.request(call, f"/channels/{notes}/{path}", json=body).status_code == 404, path
    for verb in ("note/", "notes/"):
        refused = inner.request(
            "POST" if verb == "note/" else "GET",
            f"/support/conversations/{conversation.pk}/{verb}",
            json=said if verb == "note/" else None,
        )
        assert (refused.status_code, SECRET in refused.text) == (403, False)
    # Who may read the conversation reads them.
    assert ada.get(f"/conversations/{conversation.pk}/notes/").json()["results"][0]["body"].startswith(SECRET)


def seen_by(server: Server, visit: Visit, conversation: Conversation) -> list[bytes]:
    """All that a customer can ask for of their conversation."""
    own = server.http(visit.secret)
    paths = ("messages/?page_size=100", "changes/?since=0")
    return [
        *(own.get(f"/channels/{conversation.pk}/{path}").content for path in paths),
        own.get(f"/support/conversations/{conversation.pk}/").content,
        own.get("/support/conversations/").content,
        own.get("/search/", params={"q": SECRET}).json()["code"].encode(),
    ]


async def test_a6_no_frame_of_the_customers_socket_moves_by_a_note(
    servers: list[Server], desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    await in_thread(services.claim, desk.ada, conversation=conversation.pk)
    notes = await in_thread(note, desk.ada, conversation)
    async with (
        Listening(servers[0].ws, token=vera.secret, heads={}) as customer,
        Listening(servers[1].ws, token=desk.token(desk.ada), heads={}) as agent,
    ):
        assert [(c["id"], c["unread"]) for c in customer.hello["channels"]] == [(conversation.pk, 0)]
        await agent.post(notes, SECRET)
        await agent.command("typing", channel=notes, on=True)
        await agent.post(conversation.pk, "It left today.")
        await expect(lambda: customer.changes.get(conversation.pk))
        heads = (await customer.command("ping"))["heads"]
        assert heads == {str(conversation.pk): (await in_thread(Channel.objects.get, pk=conversation.pk)).head}
        while not customer.pushes.empty():
            frame = customer.pushes.get_nowait()
            assert SECRET not in str(frame)
            assert frame.get("channel") in (None, conversation.pk)
