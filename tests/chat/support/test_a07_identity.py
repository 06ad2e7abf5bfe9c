"""A7: who a visitor is counts as the company signed it, just now, for this inbox; nobody reaches another's conversation."""

import json
import re
import time
import uuid
from base64 import urlsafe_b64encode
from typing import Any

import httpx
import jwt
import pytest

from chat.models import Conversation, Token, User
from chat.support import services
from chat.support.models import Contact, Ticket
from chatproject.tables import api_and_pages
from delivery.client.connection import CommandRefused
from delivery.wire.codec import encode
from delivery.wire.commands import COMMANDS, EXAMPLES
from tests.conftest import in_thread
from tests.stage.listening import Listening
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, support_api, visit


def claims_of(desk: Desk, **other: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"sub": "customer-7", "name": "Vera V.", "iat": now, "exp": now + 300, "aud": desk.inbox.key, **other}


def signed(desk: Desk, *, secret: str = "", **other: Any) -> str:
    return jwt.encode(claims_of(desk, **other), secret or desk.inbox.secret, algorithm="HS256")


def unsigned(desk: Desk) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims_of(desk))]
    return ".".join([*(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


def ask(server: Server, desk: Desk, *, token: str = "", **body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.post(
        f"{server.url}/api/v1/support/{desk.inbox.key}/visits/", json=body, headers=headers, trust_env=False
    )


def test_a7_what_the_company_has_not_signed_just_now_for_this_inbox_is_refused(
    servers: list[Server], desk: Desk, vera: Visit
) -> None:
    now = int(time.time())
    other = services.create_inbox(desk.sue, name="Other")
    services.change_inbox(desk.sue, inbox=desk.inbox.pk, must_verify=True)
    deep = urlsafe_b64encode(b"[" * 1500).rstrip(b"=").decode()
    wrong = {
        "missing": {},
        "null": {"identity": None},
        "empty": {"identity": ""},
        "no token": {"identity": "customer-7"},
        "deep": {"identity": f"{deep}.{deep}.x"},
        "another secret": {"identity": signed(desk, secret=other.secret)},
        "another inbox": {"identity": signed(desk, aud=other.key)},
        "unsigned": {"identity": unsigned(desk)},
        "11 minutes old": {"identity": signed(desk, iat=now - 660, exp=now - 60)},
        "11 minutes old, for long": {"identity": signed(desk, iat=now - 660, exp=now + 3600)},
        "expired": {"identity": signed(desk, iat=now - 100, exp=now - 1)},
        "for an hour": {"identity": signed(desk, exp=now + 3600)},
        "of tomorrow": {"identity": signed(desk, iat=now + 86400, exp=now + 86500)},
        "nobody": {"identity": signed(desk, sub=" ")},
        "a NUL": {"identity": signed(desk, sub="a\x00b")},
        **{f"without {claim}": {"identity": _without(desk, claim)} for claim in ("sub", "iat", "exp", "aud")},
    }
    found = {name: ask(servers[n % 2], desk, token=vera.secret, **body) for n, (name, body) in enumerate(wrong.items())}
    assert {name: answer.status_code for name, answer in found.items()} == dict.fromkeys(wrong, 403)
    assert {answer.json()["code"] for answer in found.values()} == {"not_verified"}
    assert Contact.objects.count() == 1
    assert Contact.objects.get().identity == ""
    assert ask(servers[0], desk, identity=signed(desk)).status_code == 201


def _without(desk: Desk, claim: str) -> str:
    claims = {name: value for name, value in claims_of(desk).items() if name != claim}
    return jwt.encode(claims, desk.inbox.secret, algorithm="HS256")


def test_a7_an_identity_that_is_wrong_is_refused_where_none_is_needed_too(server: Server, desk: Desk) -> None:
    assert ask(server, desk).status_code == 201
    for identity in ("", "x", signed(desk, secret="another secret of enough length, thirty two")):
        assert ask(server, desk, identity=identity).status_code == 403, identity


def test_a7_a_visit_becomes_the_person_whom_the_company_signs_and_nobody_else_keeps_it(
    server: Server, desk: Desk, vera: Visit
) -> None:
    conversation = vera.begin()
    answer = ask(
        server, desk, token=vera.secret, identity=signed(desk, email="vera@example.com", attributes={"plan": "gold"})
    )
    assert answer.status_code == 201
    contact = Contact.objects.get()
    assert (contact.visitor, contact.identity, contact.email) == (vera.visitor, "customer-7", "vera@example.com")
    assert contact.attributes == {"plan": "gold"}
    assert User.objects.get(pk=vera.visitor.pk).display_name == "Vera V."
    assert Ticket.objects.get(conversation=conversation).verified
    # The person who used the browser before has a token that has ended.
    assert support_api(server, vera.secret).get("/conversations/").status_code == 401
    mine = support_api(server, answer.json()["token"]).get("/conversations/").json()["results"]
    assert [row["id"] for row in mine] == [conversation.pk]


def test_a7_who_is_not_verified_is_never_merged_into_who_is(server: Server, desk: Desk, vera: Visit) -> None:
    first = ask(server, desk, identity=signed(desk)).json()["token"]
    anonymous = vera.begin("I am nobody yet")
    again = ask(server, desk, token=vera.secret, identity=signed(desk)).json()["token"]
    known = Token.objects.filter(user__contact__identity="customer-7")
    assert known.values("user").distinct().count() == 1
    for token in (first, again):
        assert support_api(server, token).get("/conversations/").json()["results"] == []
    assert Conversation.objects.get(pk=anonymous.pk).visitor == vera.visitor
    assert not Ticket.objects.get(conversation=anonymous).verified


def test_a7_while_secrets_change_both_count_and_the_third_ends_the_first(server: Server, desk: Desk) -> None:
    first = desk.inbox.secret
    services.rotate_secret(desk.sue, inbox=desk.inbox.pk)
    assert ask(server, desk, identity=signed(desk, secret=first)).status_code == 201
    services.rotate_secret(desk.sue, inbox=desk.inbox.pk)
    assert ask(server, desk, identity=signed(desk, secret=first)).status_code == 403


def test_a7_one_visitors_token_finds_nothing_of_anothers_on_any_path(server: Server, desk: Desk, vera: Visit) -> None:
    vito = visit(desk.inbox, "Vito")
    own, theirs = vera.begin(), vito.begin("My secret is swordfish")
    message = theirs.channel.messages.get(kind="text").pk
    http = httpx.Client(base_url=server.url, headers=vera.headers, trust_env=False)
    bodies: list[Any] = [
        None,
        {"client_msg_id": str(uuid.uuid4()), "body": "hi"},
        {"seq": 1},
        {"score": 5},
        {"reason": "x"},
    ]
    asked = 0
    for path, methods, _ in api_and_pages():
        if not re.match(r"api/v1/(channels|support/conversations)/<int:pk>/", path):
            continue
        filled = "/" + path.replace("<int:pk>", str(theirs.pk)).replace("<int:message>", str(message))
        for method in methods:
            for body in bodies:
                answer = http.request(method, re.sub(r"<int:\w+>", str(vito.visitor.pk), filled), json=body)
                assert answer.status_code in (400, 403, 404), (method, path, answer.status_code)
                assert "swordfish" not in answer.text
                asked += 1
    assert asked > 20
    for method, path in (("GET", "messages/"), ("GET", "changes/"), ("GET", f"messages/{message}/")):
        answer = http.request(method, f"/api/v1/channels/{theirs.pk}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert http.get(f"/api/v1/channels/{own.pk}/messages/").status_code == 200


async def test_a7_nor_on_any_op(server: Server, desk: Desk, vera: Visit) -> None:
    vito = await in_thread(visit, desk.inbox, "Vito")
    await in_thread(vera.begin)
    theirs = await in_thread(vito.begin)
    message = (await in_thread(theirs.channel.messages.get, kind="text")).pk
    async with Listening(server.ws, token=vera.secret, heads={}) as socket:
        for example in EXAMPLES:
            fields = json.loads(encode(example))
            op = fields.pop("op")
            if "channel" not in fields:
                continue
            fields.pop("ref", None)
            fields |= {"channel": theirs.pk} | ({"message": message} if "message" in fields else {})
            fields |= {"client_msg_id": str(uuid.uuid4())} if "client_msg_id" in fields else {}
            fields.pop("reply_to", None)
            with pytest.raises(CommandRefused) as refused:
                await socket.command(op, **fields)
            assert refused.value.code in ("not_found", "forbidden"), op
    assert len(COMMANDS) == len({example.__struct_config__.tag for example in EXAMPLES})
