"""What customers read for the staff: a public name, and never the name with which somebody signs in."""

import importlib
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from django.db import connection

from chat import services as services_of_chat
from chat.models import Conversation, Message, User
from chat.shapes import message_of
from chat.support import services
from chat.support.letters.outgoing import transcript_text
from chat.support.services.letters import transcript_rows
from delivery.wire.codec import encode
from delivery.wire.errors import Invalid
from tests.conftest import in_thread
from tests.stage.listening import Listening
from tests.stage.outsiders import ALLOWED, PLACELESS, calls, filled
from tests.stage.servers import Server, expect
from tests.stage.support import Desk, Visit

#: What all sign-in names of the staff begin with here.
SIGN_IN = "signs-in-as-"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Its people sign in with names that nobody else has; ben has no other."""
    for user in (desk.ada, desk.ben, desk.cleo, desk.sue):
        User.objects.filter(pk=user.pk).update(username=SIGN_IN + user.username)
    User.objects.filter(pk=desk.ben.pk).update(display_name="")
    return desk


@dataclass
class Doors:
    """The agents act over HTTP, as their rows are now; what the customer is answered is kept."""

    server: Server
    desk: Desk
    vera: Visit
    conversation: Conversation
    heard: list[bytes] = field(default_factory=list)

    def act(self, user: User, verb: str, **body: Any) -> None:
        with self.desk.http(self.server, user) as client:
            client.post(f"/conversations/{self.conversation.pk}/{verb}/", json=body).raise_for_status()

    def say(self, user: User, verb: str, body: str, **more: Any) -> None:
        self.act(user, verb, client_msg_id=str(uuid.uuid4()), body=body, **more)

    def walk(self) -> None:
        """The customer calls all that there is, in their conversation."""
        last = Message.objects.filter(channel=self.conversation.pk, kind="text").latest("seq").pk
        own = httpx.Client(base_url=self.server.url, trust_env=False, headers=self.vera.headers)
        for call in calls():
            _, body = {**ALLOWED, **PLACELESS}.get(call, (403, dict))
            path = filled(call[1], self.conversation.channel, last, self.desk.ada)
            if call[0] == "POST" and path.endswith("/conversations/"):
                continue
            answer = own.request(call[0], path, json=body() if body else None)
            self.heard += [answer.content, repr(answer.headers.raw).encode()]


@pytest.fixture
def doors(server: Server, desk: Desk, vera: Visit, conversation: Conversation) -> Doors:
    return Doors(server, desk, vera, conversation)


def name_ada(doors: Doors, name: str) -> httpx.Response:
    with doors.desk.http(doors.server, doors.desk.sue) as sue:
        path = f"/inboxes/{doors.desk.inbox.pk}/agents/{doors.desk.ada.pk}/"
        return sue.patch(path, json={"public_name": name})


def everything_happens(doors: Doors) -> None:
    desk, head = doors.desk, 100
    doors.act(desk.ada, "claim")
    doors.say(desk.ada, "answer", "It left today.")
    assert name_ada(doors, "Ada from the shop").json()["public_name"] == "Ada from the shop"
    doors.say(desk.ada, "answer", "It has arrived.", seen_seq=head)
    # Somebody who has no other name, and comes in with an answer.
    doors.say(desk.ben, "answer", "Really.", seen_seq=head)
    doors.say(desk.ben, "note", "Odd.")
    doors.act(desk.sue, "assign", agent=desk.ben.pk)
    mine = Message.objects.filter(channel=doors.conversation.pk, sender=desk.ada, kind="text").latest("seq")
    with httpx.Client(headers={"Authorization": f"Bearer {desk.token(desk.ada)}"}) as ada:
        base = f"{doors.server.url}/api/v1"
        changed = ada.patch(f"{base}/channels/{mine.channel_id}/messages/{mine.pk}/", json={"body": "It arrived."})
        assert changed.json()["sender"]["display_name"] == "Ada from the shop"
        ada.patch(f"{base}/users/me/", json={"display_name": "Ada L."}).raise_for_status()
    services.remove_agent(desk.sue, inbox=desk.inbox, user=desk.ben.pk)
    doors.act(desk.sue, "resolve")
    doors.act(desk.sue, "reopen")
    doors.act(desk.cleo, "claim")
    doors.act(desk.sue, "resolve")


async def test_no_byte_that_a_customer_receives_has_a_sign_in_name_of_the_staff(doors: Doors) -> None:
    async with Listening(doors.server.ws, token=doors.vera.secret, heads={}) as customer:
        await in_thread(everything_happens, doors)
        head = await in_thread(lambda: Conversation.objects.get(pk=doors.conversation.pk).channel.head)
        await expect(lambda: customer.heads.get(doors.conversation.pk) == head)
        await in_thread(doors.walk)
        async with Listening(doors.server.ws, token=doors.vera.secret, heads={doors.conversation.pk: 1}) as again:
            frames = [customer.hello, again.hello, *again.changes.get(doors.conversation.pk, [])]
        while not customer.pushes.empty():
            frames.append(customer.pushes.get_nowait())
    texts = await in_thread(lambda: transcript_text(transcript_rows(doors.conversation.pk, up_to=head)))
    heard = b"".join([*doors.heard, repr(frames).encode(), texts.encode()])
    assert SIGN_IN.encode() not in heard
    assert all(name.encode() in heard for name in ("Ada from the shop", "Support answers now", "support-staff"))
    assert "Ada from the shop, " in texts
    assert "Support, " in texts
    # Of the two names, each message has the one that it was said with; live, in the log and in the history.
    live = {change["seq"]: change["sender"] for change in customer.changes[doors.conversation.pk]}
    rows = await in_thread(lambda: [message_of(row) for row in transcript_rows(doors.conversation.pk, up_to=head)])
    assert {row.seq: row.sender.display_name for row in rows[1:]} == {
        row.seq: live[row.seq]["display_name"] for row in rows[1:]
    }
    assert [row.sender.display_name for row in rows] == ["Vera", "Ada", "Ada from the shop", "Support"]


def test_who_only_resolves_is_not_named_to_the_customer(doors: Doors) -> None:
    doors.act(doors.desk.sue, "resolve")
    doors.act(doors.desk.sue, "reopen")
    lines = Message.objects.filter(channel=doors.conversation.pk, kind="system").exclude(sender=doors.vera.visitor)
    assert [(line.sender.username, line.event["type"]) for line in lines.order_by("seq")] == [  # type: ignore[index]
        ("gapless", "conversation.resolved"),
        ("gapless", "conversation.reopened"),
    ]
    assert "sue" not in "".join(encode(message_of(line)).decode().lower() for line in lines)
    told = Message.objects.filter(channel=doors.desk.inbox.desk_id, event__by=doors.desk.sue.pk)
    assert told.count() == 2


def test_colleagues_read_each_others_own_names(doors: Doors) -> None:
    doors.act(doors.desk.ada, "claim")
    doors.say(doors.desk.ada, "note", "Odd.")
    with doors.desk.http(doors.server, doors.desk.sue) as sue:
        held = sue.get(f"/conversations/{doors.conversation.pk}/").json()
        [note, *_] = sue.get(f"/conversations/{doors.conversation.pk}/notes/").json()["results"]
    assert held["assignee"]["username"] == note["sender"]["username"] == SIGN_IN + "ada"


def test_only_who_supervises_gives_public_names(doors: Doors) -> None:
    assert name_ada(doors, "Ada\u202e").status_code == 400
    with doors.desk.http(doors.server, doors.desk.ada) as ada:
        path = f"/inboxes/{doors.desk.inbox.pk}/agents/{doors.desk.ada.pk}/"
        assert ada.patch(path, json={"public_name": "Queen"}).status_code == 403


def test_nobody_takes_the_username_that_customers_read(desk: Desk) -> None:
    for username in ("support-staff", "Support-Staff"):
        with pytest.raises(Invalid):
            services_of_chat.create_user(username, is_staff=True)


def test_what_was_said_before_is_spelled_with_public_names_too(desk: Desk, conversation: Conversation) -> None:
    ben = User.objects.get(pk=desk.ben.pk)
    services.claim(ben, conversation=conversation.pk)
    # As they were written before: by the username, in every word.
    lines = Message.objects.filter(channel=conversation.pk, sender=ben)
    event = {"type": "member.joined", "user": ben.pk, "name": ben.username, "username": ben.username}
    lines.update(said_as="", body=f"{ben.username} joined", event=event)
    migration = importlib.import_module("chat.migrations.0035_public_names")
    with connection.cursor() as cursor:
        cursor.execute(migration._RENAME)
    [row] = lines
    assert (row.said_as, row.body) == ("Support", "Support joined")
    assert SIGN_IN not in encode(message_of(row)).decode()
