"""Answers and notes of agents have files too: taken once, by who gave them, and for who reads that log."""

import uuid
from typing import Any

import pytest

from chat.models import Conversation, File, User
from chat.support import services
from delivery.wire.errors import NotFound
from tests.stage.files import file_of, kept
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit


@pytest.mark.parametrize("who", ["inside", "outside"])
@pytest.mark.parametrize("act", ["answer", "note", "resolve"])
def test_an_agent_sends_files_with_every_word(act: str, who: str, desk: Desk, conversation: Conversation) -> None:
    if who == "inside":
        services.claim(desk.ada, conversation=conversation.pk)
    key, file = uuid.uuid4(), file_of(desk.ada)
    said: dict[str, Any] = {"conversation": conversation.pk, "client_msg_id": key, "body": "", "files": (file.pk,)}
    getattr(services, act)(desk.ada, **said)
    getattr(services, act)(desk.ada, **said)
    file.refresh_from_db()
    assert file.message is not None
    assert (file.message.client_msg_id, [each["id"] for each in file.message.files or []]) == (key, [file.pk])
    assert (file.message.channel_id == conversation.pk) == (act != "note")


def test_a_note_from_outside_takes_no_file_of_others_and_none_twice(desk: Desk, conversation: Conversation) -> None:
    def note(author: User, file: File) -> None:
        said = {"conversation": conversation.pk, "client_msg_id": uuid.uuid4(), "body": "", "files": (file.pk,)}
        services.note(author, **said)

    file = file_of(desk.ada)
    with pytest.raises(NotFound):
        note(desk.ben, file)
    note(desk.ada, file)
    with pytest.raises(Exception, match="Another message has this file already"):
        note(desk.ada, file)


def test_a_customer_sees_the_file_of_an_answer_and_none_of_a_note(
    server: Server, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    path = f"/conversations/{conversation.pk}"
    with desk.http(server, desk.ada) as ada:
        for act, status in (("answer", 200), ("note", 404)):
            file = kept(desk.ada, b"the label", "label.txt")
            draft = {"client_msg_id": str(uuid.uuid4()), "body": "", "files": [file.pk]}
            said = ada.post(f"{path}/{act}/", json=draft)
            assert (said.status_code, said.json()["files"][0]["name"]) == (201, "label.txt")
            assert server.http(vera.secret).get(f"/files/{file.pk}/").status_code == status
