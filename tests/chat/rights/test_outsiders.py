"""Visitors: they write and read in their own conversations, and see and do nothing else, at every door."""

import re
import uuid
from dataclasses import dataclass
from itertools import cycle

import httpx
import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from chat import services
from chat.models import Channel, Message, Role, User
from chat.support import services as support
from delivery.wire.errors import Forbidden, Refused
from tests.conftest import Cast, in_thread, said
from tests.stage.access_scene import Scene, answer_to
from tests.stage.access_table import OPS
from tests.stage.listening import Listening
from tests.stage.outsiders import ALLOWED, PLACELESS, calls, filled
from tests.stage.servers import Server, expect


@dataclass
class Visit:
    """A visitor, the secret of the visit, the own conversation, and somebody else's."""

    visitor: User
    secret: str
    own: Channel
    anothers: Channel

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


@pytest.fixture
def visit(cast: Cast) -> Visit:
    owner = User.objects.create_superuser("owner", password=None)
    inbox = support.create_inbox(owner, name="Shop", agents=[cast.sam])
    visitor, secret = support.create_visit(inbox, display_name="Vera")
    other, _ = support.create_visit(inbox, display_name="Vito")
    own, anothers = (begun(each, by=cast.sam) for each in (visitor, other))
    return Visit(visitor, secret, own, anothers)


def begun(visitor: User, *, by: User) -> Channel:
    """A conversation in which an agent answers."""
    conversation, _ = support.begin(visitor, client_msg_id=uuid.uuid4(), body="Where is my parcel?")
    support.claim(by, conversation=conversation.pk)
    return conversation.channel


def word_of(user: User, channel: Channel) -> int:
    """The id of something that they have just said."""
    said(user, channel)
    return Message.objects.filter(channel=channel, sender=user, kind="text").latest("seq").pk


# ---- HTTP ----


def test_of_every_path_a_visitor_may_use_those_of_the_own_conversation(
    processes: list[Server], cast: Cast, visit: Visit
) -> None:
    assert set(ALLOWED) <= set(calls())
    doors = cycle([httpx.Client(base_url=each.url, trust_env=False, headers=visit.headers) for each in processes])
    found, expected = {}, {}
    for call in calls():
        own = word_of(visit.visitor, visit.own)
        status, body = {**ALLOWED, **PLACELESS}.get(call, (403, dict))
        elsewhere = 404 if call in ALLOWED else status
        for channel, message, wanted in (
            (visit.own, own, status),
            (visit.anothers, own, elsewhere),
            (cast.team, own, elsewhere),
        ):
            answer = next(doors).request(
                call[0], filled(call[1], channel, message, cast.bob), json=body() if body else None
            )
            expected[(*call, channel.pk)] = wanted
            found[(*call, channel.pk)] = answer.status_code
            if answer.status_code >= 400:
                assert "Sam" not in answer.text, call
    assert found == expected


def test_a_visitor_deletes_only_what_is_their_own(server: Server, cast: Cast, visit: Visit) -> None:
    answer = word_of(cast.sam, visit.own)
    gone = httpx.delete(f"{server.url}/api/v1/channels/{visit.own.pk}/messages/{answer}/", headers=visit.headers)
    assert gone.status_code == 403
    assert Message.objects.get(pk=answer).deleted_at is None


def test_nobody_inside_finds_a_visitor(server: Server, cast: Cast, visit: Visit) -> None:
    alice = server.http(cast.token(cast.alice))
    assert visit.visitor.pk not in [
        user["id"] for user in alice.get("/users/", params={"page_size": 100}).json()["results"]
    ]
    assert alice.get("/users/", params={"search": "visitor-"}).json()["results"] == []
    for call, body in {
        f"/channels/{cast.team.pk}/members/": {"user": visit.visitor.pk},
        "/channels/": {"kind": "direct", "members": [visit.visitor.pk]},
    }.items():
        refused = alice.post(call, json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid"), call


# ---- the socket ----


async def test_of_every_op_a_visitor_may_use_those_of_a_conversation(server: Server, cast: Cast, visit: Visit) -> None:
    async with Listening(server.ws, token=visit.secret, heads={}) as socket:
        assert [described["id"] for described in socket.hello["channels"]] == [visit.own.pk]
        people = {"visitor": visit.visitor, "member": cast.sam}
        scenes = [Scene(channel, cast.team, people, tokens={}) for channel in (visit.own, visit.anothers)]
        for op, (fields, answers) in OPS.items():
            found = [await answer_to(socket, op, await in_thread(fields, scene, "visitor") or {}) for scene in scenes]
            assert found == answers.split()[-2:], op
        said_by_them = await in_thread(word_of, visit.visitor, visit.own)
        assert await answer_to(socket, "message.delete", {"channel": visit.own.pk, "message": said_by_them}) == "ok"


async def test_a_visitor_hears_what_is_said_and_not_who_is_here(server: Server, cast: Cast, visit: Visit) -> None:
    async with (
        Listening(server.ws, token=cast.token(cast.sam), heads={}) as sam,
        Listening(server.ws, token=visit.secret, heads={}) as visitor,
    ):
        await sam.post(visit.own.pk, "how can I help?")
        await sam.command("presence", status="busy")
        await expect(lambda: sam.people.get(cast.sam.pk, {}).get("status") == "busy")
        await expect(lambda: visit.visitor.pk in sam.people)
        await sam.command("typing", channel=visit.own.pk, on=True)
        await expect(lambda: visitor.typing.get(visit.own.pk) == [cast.sam.pk])
        assert [change["body"] for change in visitor.changes[visit.own.pk]][-1] == "how can I help?"
        assert visitor.people == {}


async def test_a_browser_offers_its_visit_as_a_subprotocol(server: Server, cast: Cast, visit: Visit) -> None:
    async def who(*offered: str, origin: str = server.url, cookie: str = "") -> int:
        async with connect(
            server.ws,
            subprotocols=[Subprotocol(name) for name in offered],
            origin=Origin(origin),
            additional_headers={"Cookie": cookie} if cookie else {},
        ) as socket:
            assert socket.subprotocol == "gapless.v1"
            return int(re.search(rb'"user":\{"id":(\d+)', await socket.recv(decode=False))[1])  # type: ignore[index]

    offer = f"gapless.visit.{visit.secret}"
    assert await who("gapless.v1", offer) == visit.visitor.pk
    assert await who("gapless.v1", offer, cookie="prefs=1; gapless_session=abc") == visit.visitor.pk
    for origin, offered in (
        ("https://elsewhere.example", offer),
        (server.url, "gapless.visit.gapless_wrong"),
        (server.url, f"gapless.visit.{cast.token(cast.alice)}"),
    ):
        with pytest.raises(InvalidStatus, match="403"):
            await who("gapless.v1", offered, origin=origin)


async def test_a_banned_visitor_is_out(server: Server, cast: Cast, visit: Visit) -> None:
    async with Listening(server.ws, token=visit.secret, heads={}) as socket:
        await in_thread(services.ban_user, cast.sam, user=visit.visitor.pk, reason="abuse")
        assert (await socket.wait_closed())[0] == 4501
    assert httpx.get(f"{server.url}/api/v1/channels/{visit.own.pk}/messages/", headers=visit.headers).status_code == 401


# ---- the verbs, whatever the door ----


def test_no_verb_lets_a_visitor_in_further(cast: Cast, visit: Visit) -> None:
    public = services.open_channel(cast.alice, name="public")
    for into in (
        lambda: services.join_channel(visit.visitor, channel=public.pk),
        lambda: services.add_member(cast.alice, channel=cast.team.pk, user=visit.visitor),
        lambda: services.open_channel(visit.visitor, name="mine"),
        lambda: services.open_channel(cast.alice, name="ours", members=[visit.visitor]),
        lambda: services.open_direct_channel(cast.alice, others=[visit.visitor]),
        lambda: services.open_direct_channel(visit.visitor, others=[cast.alice]),
        lambda: services.change_role(cast.sam, channel=visit.own.pk, user=visit.visitor, role=Role.OWNER),
        lambda: services.leave_channel(visit.visitor, channel=visit.own.pk),
        lambda: services.add_member(visit.visitor, channel=visit.own.pk, user=cast.charlie),
        lambda: services.revise_channel(visit.visitor, channel=visit.own.pk, topic="mine"),
        lambda: services.change_staff_roles(None, user=visit.visitor.pk, roles=["Moderator"], reason="no"),
        lambda: services.make_password_link(None, user=visit.visitor.pk, reason="no"),
        lambda: services.new_token(visit.visitor, name="more"),
    ):
        with pytest.raises(Forbidden):
            into()
    assert list(visit.visitor.memberships.values_list("channel", "role")) == [(visit.own.pk, Role.MEMBER)]
    assert Channel.objects.filter(members__user=visit.visitor).count() == 1


def test_nobody_is_invited_to_a_conversation_with_the_support(cast: Cast, visit: Visit) -> None:
    with pytest.raises(Forbidden):
        services.create_invite(cast.sam, channels=[visit.own.pk])


def test_no_token_of_a_person_is_a_visit(cast: Cast) -> None:
    with pytest.raises(Refused):
        services.new_token(cast.alice, name="visit", scopes=["visit"])


def test_the_database_keeps_a_visitor_outside(visit: Visit) -> None:
    people = User.objects.filter(pk=visit.visitor.pk)
    for fields in ({"is_staff": True}, {"is_superuser": True}, {"password": "argon2$x"}, {"kind": "guest"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            people.update(**fields)
    assert authenticate(username=visit.visitor.username, password="") is None
