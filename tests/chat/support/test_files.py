"""Files in agents' answers and notes: taken once, from their uploader, for readers of that log."""

import dataclasses
import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from chat import services as services_of_chat
from chat.files import storage
from chat.files.services import begin_upload as begin
from chat.models import Conversation, File, User
from chat.support import services
from chat.support.reads.customers import desk_of_customer
from chat.support.services.transcripts import transcript
from chatproject import desk_findings as findings
from delivery.wire.errors import NotFound, Refused
from tests.conftest import said
from tests.stage.accounts import people_called, tokens_of
from tests.stage.files import file_of, kept
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, visit


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


def statuses(nobody: httpx.Client, secret: str, file: File) -> set[int]:
    """At both doors of a file's bytes, and of its preview's."""
    paths = [f"/api/v1/files/{file.pk}/", f"/files/{file.pk}/preview/"]
    own = {"Authorization": f"Bearer {secret}"}
    return {nobody.get(path, headers=own).status_code for path in paths}


def test_the_bytes_are_for_who_may_read_what_they_were_said_with(
    server: Server, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    owner, elsewhere = User.objects.get(is_superuser=True), people_called("tom", "tina")
    other = services.create_inbox(owner, name="Other", agents=[elsewhere["tom"]])
    services.add_agent(owner, inbox=other, user=elsewhere["tina"], supervises=True)
    right = Permission.objects.get(codename="read_support")
    for reader in (desk.cleo, desk.dan, elsewhere["tom"]):
        reader.user_permissions.add(right)
    people = {
        "owner": owner,
        **elsewhere,
        **{name: getattr(desk, name) for name in ("ada", "ben", "cleo", "sue", "dan")},
    }
    secrets = {**tokens_of(people), "vera": vera.secret, "otto": visit(desk.inbox, "Otto").secret}
    among_themselves = services_of_chat.open_channel(desk.dan, name="plans", kind="private")
    reads: dict[str, set[str]] = {
        "answer": {"ada", "cleo", "sue", "owner", "vera"},
        "note": {"ada", "cleo", "sue", "owner"},
        "message": {"dan"},
    }
    for act, expected in reads.items():
        author = desk.dan if act == "message" else desk.ada
        file = kept(author, b"the label", "label.txt")
        storage.put(file.folder, storage.PREVIEW, io.BytesIO(b"small"))
        File.objects.filter(pk=file.pk).update(has_preview=True)
        if act == "message":
            said(desk.dan, among_themselves, "", files=(file.pk,))
        else:
            draft = {"client_msg_id": uuid.uuid4(), "body": "", "files": (file.pk,)}
            getattr(services, act)(desk.ada, conversation=conversation.pk, **draft)
        with httpx.Client(base_url=server.url, trust_env=False) as nobody:
            found = {name: statuses(nobody, secret, file) for name, secret in secrets.items()}
        assert found == {name: {200 if name in expected else 404} for name in secrets}, act


def test_files_are_named_in_transcripts(desk: Desk, conversation: Conversation) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    for body in ("", "Here it is."):
        file = file_of(desk.ada, "label.pdf")
        draft = {"client_msg_id": uuid.uuid4(), "body": body, "files": (file.pk,)}
        services.answer(desk.ada, conversation=conversation.pk, **draft)
    text, _ = transcript(desk.ada, conversation=conversation.pk)
    assert text.count("(file: label.pdf, 47 KB)") == 2
    assert "Here it is.\n(file: " in text
    assert "deleted" not in text


def test_a_conversation_begins_with_files_once(server: Server, desk: Desk, vera: Visit) -> None:
    with server.http(vera.secret) as http:
        file = http.post("/files/", files={"file": ("label.txt", b"the label", "text/plain")}).json()
        draft = {"client_msg_id": str(uuid.uuid4()), "body": "", "files": [file["id"]]}
        first, again = (http.post("/support/conversations/", json=draft) for _ in range(2))
        assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())
        other = http.post("/support/conversations/", json={**draft, "files": []})
        assert (other.status_code, other.json()["code"]) == (400, "empty")
        other = http.post("/support/conversations/", json={**draft, "body": "This", "files": []})
        assert (other.status_code, other.json()["code"]) == (409, "conflict")
        # It belongs to that message, and nobody else's to any of theirs.
        strangers = kept(desk.ada, b"secret", "secret.txt")
        for files, code in (([file["id"]], "conflict"), ([strangers.pk], "not_found")):
            fresh = {"client_msg_id": str(uuid.uuid4()), "body": "", "files": files}
            for path in ("support/conversations", f"channels/{first.json()['id']}/messages"):
                assert http.post(f"/{path}/", json=fresh).json()["code"] == code
        second = http.post("/files/", files={"file": ("more.txt", b"more", "text/plain")}).json()
        fresh = {"client_msg_id": str(uuid.uuid4()), "body": "", "files": [second["id"]]}
        assert http.post(f"/channels/{first.json()['id']}/messages/", json=fresh).status_code == 201
    assert Conversation.objects.count() == 1
    with desk.http(server, desk.sue) as sue:
        said = sue.get(f"/conversations/{first.json()['id']}/messages/").json()["results"]
        assert [row["files"][0]["name"] for row in said if row["kind"] == "text"] == ["more.txt", "label.txt"]
        assert sue.get(f"{server.url}{said[-2]['files'][0]['url']}").content == b"the label"


MEGABYTE = 1024 * 1024


def begin_upload(visit: Visit, size: int) -> str | None:
    """What refuses it."""
    try:
        begin(visit.visitor, name="a.bin", size=size, desk=desk_of_customer(visit.visitor))
    except Refused as refused:
        return refused.code
    return None


@pytest.mark.holds("inbox_megabytes")
def test_visitors_fill_no_disk(settings: Any, desk: Desk, vera: Visit) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, visitor_quota_megabytes=2, inbox_megabytes=5)
    others = [visit(desk.inbox, name) for name in ("Otto", "Max")]
    elsewhere = visit(services.create_inbox(User.objects.get(is_superuser=True), name="Other"))
    assert [begin_upload(vera, size) for size in (MEGABYTE, MEGABYTE + 1, MEGABYTE, 1)] == [
        None,
        "quota",
        None,
        "quota",
    ]
    assert [begin_upload(others[0], size) for size in (2 * MEGABYTE, 1)] == [None, "quota"]
    # The room that the inbox has left, for any customer.
    assert [begin_upload(others[1], size) for size in (MEGABYTE + 1, MEGABYTE, 1)] == ["quota", None, "quota"]
    assert begin_upload(elsewhere, 2 * MEGABYTE) is None
    # The doctor says so before nobody can give any more.
    [found] = findings.rooms_of_inboxes()
    assert (found.state, found.says.partition(":")[0]) == ("warning", "what customers of Shop gave has 5 of 5 MB")
    settings.LIMITS = dataclasses.replace(settings.LIMITS, inbox_megabytes=7)
    assert [found.state for found in findings.rooms_of_inboxes()] == ["ok"]
    assert begin(desk.ada, name="a.bin", size=3 * MEGABYTE).desk_id is None


def test_uploads_of_many_visitors_at_one_moment_stay_within_their_inbox(settings: Any, desk: Desk) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, inbox_megabytes=2)
    visits = [visit(desk.inbox, f"V{number}") for number in range(6)]

    def upload(visit: Visit) -> str | None:
        try:
            return begin_upload(visit, MEGABYTE)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        assert sorted(map(str, threads.map(upload, visits))) == ["None"] * 2 + ["quota"] * 4
