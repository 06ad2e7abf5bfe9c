"""Ids have one form at all doors: UUIDs in full, whole numbers as they are; other forms are refused with a sentence."""

import uuid
from typing import Any

import httpx
import pytest
from django.test import Client

from chat import services
from chat.models import Message
from delivery.client.connection import CommandRefused
from delivery.wire import ids
from tests.conftest import Cast, in_thread
from tests.stage.access_table import API
from tests.stage.callers import signed_in_everywhere
from tests.stage.servers import Server

KEY = "0b7e2a52-0f0e-4d9c-9d55-5d3f6b2a9a10"
NOT_UUIDS: list[Any] = [
    *(5, 0, True, False, None, 1.5, [], {}, [KEY], "", "5", "true", " ", "\x00"),
    *(KEY.replace("-", ""), f"{{{KEY}}}", f"urn:uuid:{KEY}", f" {KEY}", f"{KEY} ", f"{KEY}\n", KEY[:-1], KEY + "0"),
    *("0b7e2a5-20f0e-4d9c-9d55-5d3f6b2a9a10", KEY.replace("0b", "0g"), KEY.replace("0b", "\uff10b"), "0x" + KEY[2:]),
]
NOT_NUMBERS: list[Any] = ["1", "", True, False, 1.0, 1e3, -1, 2**63, 2**70, [1], {}, "x", "\u0661"]


def messages() -> int:
    return Message.objects.filter(kind="text").count()


async def test_what_is_no_uuid_is_refused_by_every_door(server: Server, cast: Cast) -> None:
    http = server.http(cast.token(cast.alice))
    path = f"/channels/{cast.team.pk}/messages/"
    for given in NOT_UUIDS:
        async with server.connect(cast.token(cast.alice)) as alice:
            with pytest.raises(CommandRefused) as refused:
                await alice.command("message.post", channel=cast.team.pk, client_msg_id=given, body="hello")
        assert refused.value.code == "invalid", given
        answer = await in_thread(http.post, path, json={"client_msg_id": given, "body": "hello"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), given
        assert set(answer.json()["errors"]) == {"client_msg_id"}
    assert await in_thread(messages) == 0


async def test_a_uuid_in_capitals_is_the_same_uuid(server: Server, cast: Cast) -> None:
    http = server.http(cast.token(cast.alice))
    given = {"client_msg_id": KEY.upper(), "body": "hello"}
    async with server.connect(cast.token(cast.alice)) as alice:
        first = await alice.post(cast.team.pk, "hello", client_msg_id=KEY)
        again = await alice.post(cast.team.pk, "hello", client_msg_id=KEY.upper())
        answer = await in_thread(http.post, f"/channels/{cast.team.pk}/messages/", json=given)
    assert (first["duplicate"], again["duplicate"], answer.status_code) == (False, True, 200)
    assert first["message"]["client_msg_id"] == again["message"]["client_msg_id"] == KEY


@pytest.mark.parametrize("given", [text for text in NOT_UUIDS if isinstance(text, str) and text])
def test_the_form_refuses_what_is_no_uuid_and_says_so(transactional_db: None, cast: Cast, given: str) -> None:
    browser = Client()
    browser.force_login(cast.alice)
    answer = browser.post(f"/c/{cast.team.pk}/post/", {"body": "hello", "client_msg_id": given}, follow=True)
    page = answer.content.decode()
    assert "This is no UUID" in page or "This could not be understood." in page
    assert messages() == 0


@pytest.mark.parametrize("empty", ["", " \n"])
def test_the_form_says_that_a_message_needs_text(server: Server, cast: Cast, empty: str) -> None:
    url = f"{server.url}/c/{cast.team.pk}/"
    with signed_in_everywhere([server], cast.alice) as browser:
        token = browser.get(url).text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        given = {"body": empty, "csrfmiddlewaretoken": token}
        answer = browser.post(f"{url}post/", data=given, headers={"Origin": server.url}, follow_redirects=True)
    assert "A message needs some text." in answer.text


@pytest.mark.parametrize("given", ["abc", "", "-1", "1.0", "007", "9" * 30, "9" * 5000, "\u0661"])
def test_rows_of_the_admin_are_chosen_by_their_numbers(transactional_db: None, cast: Cast, given: str) -> None:
    browser = Client()
    browser.force_login(cast.sam)
    answer = browser.post("/admin/chat/message/", {"action": "delete_message", "_selected_action": [given]})
    assert answer.status_code == 400


#: Method, path and body with one id that is to be wrong.
BODIES: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "channels/{team}/messages/", {"client_msg_id": KEY, "body": "x"}, "reply_to"),
    ("POST", "channels/{team}/members/", {}, "user"),
    ("POST", "channels/{team}/read/", {}, "seq"),
    ("POST", "reports/", {"message": 1, "reason": "rude"}, "channel"),
    ("POST", "reports/", {"channel": 1, "reason": "rude"}, "message"),
    ("POST", "channels/", {"name": "x"}, "members"),
    ("POST", "moderation/messages/delete/", {"reason": "rude"}, "messages"),
    ("POST", "moderation/members/remove/", {"channel": 1, "reason": "rude"}, "users"),
    ("POST", "moderation/members/remove/", {"users": [1], "reason": "rude"}, "channel"),
    ("POST", "moderation/members/mute/", {"users": [1], "channel": 1, "reason": "rude"}, "minutes"),
    ("POST", "moderation/reports/close/", {"verdict": "upheld", "reason": "rude"}, "reports"),
    ("POST", "moderation/bans/", {"reason": "rude"}, "users"),
]


@pytest.mark.parametrize(("method", "path", "body", "name"), BODIES, ids=[f"{row[1]} {row[3]}" for row in BODIES])
def test_numbers_in_bodies_are_numbers(
    server: Server, cast: Cast, method: str, path: str, body: dict[str, Any], name: str
) -> None:
    http = server.http(cast.token(cast.alice))
    is_list = name in ("members", "messages", "users", "reports")
    for wrong in NOT_NUMBERS:
        given = {**body, name: [wrong] if is_list else wrong}
        answer = http.request(method, f"/{path.format(team=cast.team.pk)}", json=given)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), (wrong, answer.text)
        assert set(answer.json()["errors"]) == {name}


async def test_numbers_in_frames_are_numbers(server: Server, cast: Cast) -> None:
    places: list[tuple[str, dict[str, Any], str]] = [
        ("message.post", {"client_msg_id": KEY, "body": "x"}, "channel"),
        ("message.post", {"client_msg_id": KEY, "body": "x", "channel": cast.team.pk}, "reply_to"),
        ("message.edit", {"channel": cast.team.pk, "body": "x"}, "message"),
        ("message.delete", {"channel": cast.team.pk}, "message"),
        ("read", {"channel": cast.team.pk}, "seq"),
        ("delivered", {"seq": 1}, "channel"),
        ("typing", {"on": True}, "channel"),
        ("viewing", {"on": True}, "channel"),
    ]
    for op, fields, name in places:
        async with server.connect(cast.token(cast.alice)) as alice:
            for wrong in NOT_NUMBERS:
                with pytest.raises(CommandRefused) as refused:
                    await alice.command(op, **fields, **{name: wrong})
                assert refused.value.code == "invalid", (op, name, wrong)
    assert await in_thread(messages) == 0


QUERIES = [
    *(
        "channels/{team}/messages/?before={}",
        "channels/{team}/messages/?after={}",
        "channels/{team}/messages/?around={}",
    ),
    *("channels/{team}/changes/?since={}", "channels/{team}/members/?cursor={}", "channels/?cursor={}"),
    *("channels/?scope=public&cursor={}", "users/?cursor={}", "tokens/?cursor={}"),
    *(
        "presence/?users={}",
        "presence/?users={me},{}",
        "moderation/reports/?channel={}",
        "moderation/reports/?cursor={}",
    ),
    *("moderation/members/muted/?channel={}", "moderation/audit/?whom={}", "moderation/audit/?actor={}"),
]


@pytest.mark.parametrize("query", QUERIES)
def test_numbers_in_queries_are_whole_numbers_that_a_column_holds(server: Server, cast: Cast, query: str) -> None:
    http = server.http(cast.token(cast.alice))

    def ask(value: object) -> httpx.Response:
        return http.get(f"/{query.format(value, team=cast.team.pk, me=cast.alice.pk)}")

    for wrong in (
        "9223372036854775808",
        "9" * 30,
        "-1",
        "%2B1",
        "1.0",
        "1e3",
        "0x1",
        "007",
        "1_0",
        "%20",
        "%D9%A1",
        "x",
    ):
        answer = ask(wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), wrong
    for right in (0, 1, ids.MOST):
        assert ask(right).status_code == 200, right


def test_a_number_in_a_path_that_no_column_holds_leads_nowhere(server: Server, cast: Cast) -> None:
    http = server.http(cast.token(cast.sam))
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.sam)
    uuids = {"client_msg_id": str(uuid.uuid4()), "body": "x"}
    for method, path in API:
        names = [part[5:-1] for part in path.split("/") if part.startswith("<int:")]
        for name in names:
            for number in (ids.MOST, 2**63, 2**64, "9" * 5000):
                filled = path.removeprefix("api/v1/").replace(f"<int:{name}>", str(number))
                for other in names:
                    known = cast.alice.pk if other == "user" else cast.team.pk
                    filled = filled.replace(f"<int:{other}>", str(known))
                body = {"body": "x"} if method == "PATCH" and "messages" in path else None
                answer = http.request(method, f"/{filled}", json=uuids if path.endswith("messages/") else body)
                assert answer.status_code in (404, 400), (method, filled[:60], answer.text)
                assert answer.status_code == 404 or method in ("POST", "PATCH"), (method, filled[:60], answer.text)
