"""The API: shapes, pages, refusals; the same verbs and codes as the socket's."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chat import services
from chat.models import Channel
from tests.conftest import Cast, said
from tests.stage.problems import refused
from tests.stage.servers import Server


@pytest.fixture
def alice(server: Server, cast: Cast) -> Iterator[httpx.Client]:
    with server.http(cast.token(cast.alice)) as http:
        yield http


@pytest.fixture
def charlie(server: Server, cast: Cast) -> Iterator[httpx.Client]:
    with server.http(cast.token(cast.charlie)) as http:
        yield http


def test_without_a_login_there_is_nothing(server: Server) -> None:
    for path in ("channels/", "users/", "users/me/", "channels/1/messages/"):
        refused(httpx.get(f"{server.url}/api/v1/{path}"), 401, "forbidden")
    wrong = httpx.get(f"{server.url}/api/v1/users/me/", headers={"Authorization": "Bearer nonsense"})
    refused(wrong, 401, "forbidden")


def test_what_does_not_exist_is_a_problem_too(alice: httpx.Client) -> None:
    refused(alice.get("/nothing/"), 404, "not_found")
    refused(alice.put("/users/me/"), 405, "invalid")
    refused(alice.post("/channels/", content=b"<xml/>", headers={"Content-Type": "text/xml"}), 415, "invalid")


def test_a_channel_is_opened_revised_and_put_away(alice: httpx.Client, cast: Cast) -> None:
    created = alice.post("/channels/", json={"name": "  new   one ", "topic": "what for", "members": [cast.bob.pk]})
    assert created.status_code == 201
    channel = created.json()
    assert (channel["name"], channel["kind"], channel["role"], channel["member_count"]) == (
        "new one",
        "public",
        "owner",
        2,
    )
    path = f"/channels/{channel['id']}/"
    assert alice.patch(path, json={"topic": "something else"}).json()["topic"] == "something else"
    assert alice.delete(path).status_code == 204
    assert alice.get(path).json()["archived_at"]
    message = {"client_msg_id": str(uuid.uuid4()), "body": "too late"}
    refused(alice.post(f"{path}messages/", json=message), 409, "archived")


def test_lists_say_what_is_mine_and_what_is_public(alice: httpx.Client, charlie: httpx.Client, cast: Cast) -> None:
    services.open_channel(cast.alice, name="open to all")
    mine = alice.get("/channels/").json()
    assert [channel["name"] for channel in mine["results"]] == ["team", "open to all"]
    assert (mine["next"], mine["previous"]) == (None, None)
    assert [channel["name"] for channel in charlie.get("/channels/").json()["results"]] == []
    public = charlie.get("/channels/", params={"scope": "public"}).json()["results"]
    assert [(channel["name"], channel["is_member"]) for channel in public] == [("open to all", False)]
    assert alice.get("/channels/", params={"scope": "public", "search": "TEAM"}).json()["results"] == []
    refused(alice.get("/channels/", params={"scope": "everything"}), 400, "invalid")


def test_lists_of_channels_come_in_pages_of_twenty(alice: httpx.Client, cast: Cast) -> None:
    for n in range(25):
        services.open_channel(cast.alice, name=f"channel {n}")
    for scope, total in (("mine", 26), ("public", 25)):
        first = alice.get("/channels/", params={"scope": scope}).json()
        rest = alice.get(first["next"]).json()
        assert (len(first["results"]), len(rest["results"]), rest["next"]) == (20, total - 20, None)


def test_one_joins_and_leaves(charlie: httpx.Client, cast: Cast) -> None:
    public = services.open_channel(cast.alice, name="open to all")
    assert charlie.post(f"/channels/{public.pk}/join/").json()["role"] == "member"
    assert charlie.post(f"/channels/{public.pk}/join/").status_code == 200
    assert charlie.post(f"/channels/{public.pk}/leave/").status_code == 204
    refused(charlie.post(f"/channels/{cast.team.pk}/join/"), 404, "not_found")


@pytest.mark.holds("page")
def test_history_comes_in_pages_of_twenty(alice: httpx.Client, cast: Cast) -> None:
    for n in range(45):
        said(cast.alice, cast.team, f"{n}")
    url = f"/channels/{cast.team.pk}/messages/"
    seen: list[str] = []
    sizes: list[int] = []
    while url:
        answer = alice.get(url)
        page = answer.json()
        sizes.append(len(page["results"]))
        seen += [message["body"] for message in page["results"] if message["kind"] == "text"]
        if page["next"]:
            assert f'<{page["next"]}>; rel="next"' in answer.headers["Link"]
        url = page["next"]
    assert sizes == [20, 20, 7]
    assert seen == [f"{n}" for n in reversed(range(45))]


def test_history_before_after_and_around_a_place(alice: httpx.Client, cast: Cast) -> None:
    for n in range(60):
        said(cast.alice, cast.team, f"{n}")

    def seqs(**query: int) -> list[int]:
        return [
            message["seq"]
            for message in alice.get(f"/channels/{cast.team.pk}/messages/", params=query).json()["results"]
        ]

    assert seqs(before=30) == list(range(29, 9, -1))
    assert seqs(after=30) == list(range(50, 30, -1))
    assert seqs(around=30) == list(range(39, 19, -1))
    assert seqs(around=2) == list(range(20, 0, -1))
    refused(alice.get(f"/channels/{cast.team.pk}/messages/", params={"before": 1, "after": 2}), 400, "invalid")
    refused(alice.get(f"/channels/{cast.team.pk}/messages/", params={"before": "x"}), 400, "invalid")


def test_changes_come_in_the_order_of_their_numbers(alice: httpx.Client, cast: Cast) -> None:
    for n in range(60):
        said(cast.alice, cast.team, f"{n}")
    page = alice.get(f"/channels/{cast.team.pk}/changes/", params={"since": 2}).json()
    assert [change["rev"] for change in page["results"]] == list(range(3, 53))
    assert page["head"] == 62
    rest = alice.get(page["next"]).json()
    assert [change["rev"] for change in rest["results"]] == list(range(53, 63))
    assert rest["next"] is None


def test_a_message_is_read_revised_and_deleted(alice: httpx.Client, charlie: httpx.Client, cast: Cast) -> None:
    url = f"/channels/{cast.team.pk}/messages/"
    message = alice.post(url, json={"client_msg_id": str(uuid.uuid4()), "body": "tpyo"}).json()
    one = f"{url}{message['id']}/"
    assert alice.get(one).json() == message
    assert alice.patch(one, json={"body": "typo"}).json()["body"] == "typo"
    assert alice.delete(one).json()["body"] == ""
    refused(charlie.get(one), 404, "not_found")
    refused(charlie.patch(one, json={"body": "mine now"}), 404, "not_found")
    refused(charlie.delete(one), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"body": "x"}, "invalid"),
        ({"client_msg_id": "1", "body": "x"}, "invalid"),
        ({"client_msg_id": str(uuid.uuid4()), "body": ""}, "empty"),
        ({"client_msg_id": str(uuid.uuid4()), "body": "x" * 2049}, "too_long"),
        ({"client_msg_id": str(uuid.uuid4()), "body": "€" * 683}, "too_long"),
        ({"client_msg_id": str(uuid.uuid4()), "body": "a\x00"}, "invalid"),
        ({"client_msg_id": str(uuid.uuid4()), "body": 5}, "invalid"),
        ({"client_msg_id": str(uuid.uuid4()), "body": "x", "colour": "red"}, "invalid"),
        ({"client_msg_id": str(uuid.uuid4()), "body": "x", "reply_to": "1"}, "invalid"),
        ({"client_msg_id": str(uuid.uuid4()), "body": "x", "reply_to": 10**9}, "not_found"),
        ([], "invalid"),
        (None, "invalid"),
    ],
)
def test_bad_messages_have_the_codes_of_the_socket(alice: httpx.Client, cast: Cast, body: Any, code: str) -> None:
    answer = alice.post(f"/channels/{cast.team.pk}/messages/", json=body)
    refused(answer, 404 if code == "not_found" else 400, code)


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff", b"[" * 5000, b'{"body": NaN}', b'{"body":"\\ud800"}', b"x" * 20_000, b""]
)
def test_bad_json_is_refused(alice: httpx.Client, cast: Cast, raw: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    refused(alice.post(f"/channels/{cast.team.pk}/messages/", content=raw, headers=headers), 400, "invalid")


def test_members_are_listed_added_promoted_and_removed(alice: httpx.Client, charlie: httpx.Client, cast: Cast) -> None:
    url = f"/channels/{cast.team.pk}/members/"
    refused(charlie.get(url), 404, "not_found")
    assert alice.post(url, json={"user": cast.charlie.pk}).status_code == 201
    listed = charlie.get(url).json()["results"]
    assert [(member["user"]["username"], member["role"]) for member in listed] == [
        *(("alice", "owner"), ("bob", "member"), ("charlie", "member"))
    ]
    assert {"delivered_seq", "read_seq", "joined_at"} <= set(listed[0])
    refused(charlie.delete(f"{url}{cast.bob.pk}/"), 403, "forbidden")
    assert alice.patch(f"{url}{cast.charlie.pk}/", json={"role": "moderator"}).json()["role"] == "moderator"
    assert charlie.delete(f"{url}{cast.bob.pk}/").status_code == 204
    refused(charlie.patch(f"{url}{cast.alice.pk}/", json={"role": "member"}), 403, "forbidden")
    refused(alice.post(url, json={"user": 10**9}), 400, "invalid")


def test_two_people_find_their_conversation_again(alice: httpx.Client, cast: Cast) -> None:
    first = alice.post("/channels/", json={"kind": "direct", "members": [cast.bob.pk]})
    again = alice.post("/channels/", json={"kind": "direct", "members": [cast.bob.pk]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["name"] == "Bob"
    refused(alice.post("/channels/", json={"kind": "direct"}), 400, "invalid")


def test_reading_moves_the_cursor_forward_only(alice: httpx.Client, server: Server, cast: Cast) -> None:
    said(cast.alice, cast.team)
    with server.http(cast.token(cast.bob)) as bob:
        url = f"/channels/{cast.team.pk}/"
        assert bob.get(url).json()["unread"] == 1
        assert bob.post(f"{url}read/", json={"seq": 3}).json() == {"delivered_seq": 3, "read_seq": 3}
        assert bob.post(f"{url}read/", json={"seq": 1}).json()["read_seq"] == 3
        assert bob.get(url).json()["unread"] == 0
        refused(bob.post(f"{url}read/", json={"seq": -1}), 400, "invalid")


def test_one_reads_and_changes_ones_own_profile(alice: httpx.Client) -> None:
    assert alice.get("/users/me/").json()["username"] == "alice"
    assert alice.patch("/users/me/", json={"display_name": " Alice A. "}).json()["display_name"] == "Alice A."
    refused(alice.patch("/users/me/", json={"is_staff": True}), 400, "invalid")


def test_people_are_found_by_name(alice: httpx.Client) -> None:
    found = alice.get("/users/", params={"search": "CHAR"}).json()["results"]
    assert [person["username"] for person in found] == ["charlie"]
    assert set(found[0]) == {"id", "username", "display_name"}


def test_a_session_needs_csrf_a_token_does_not(server: Server, cast: Cast) -> None:
    cast.alice.set_password("correct horse battery staple")
    cast.alice.save()
    with httpx.Client(base_url=server.url, follow_redirects=True) as browser:
        page = browser.get("/sign-in/").text
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": "alice", "password": "correct horse battery staple", "csrfmiddlewaretoken": token}
        signed_in = browser.post("/sign-in/", data=form, headers={"Origin": server.url})
        assert signed_in.status_code == 200
        assert "team" in signed_in.text
        url = f"/api/v1/channels/{cast.team.pk}/messages/"
        message = {"client_msg_id": str(uuid.uuid4()), "body": "from a page"}
        out_of_date = browser.post(url, json=message)
        refused(out_of_date, 403, "forbidden")
        fresh = signed_in.text.split('name="csrf-token" content="')[1].split('"')[0]
        sent = browser.post(url, json=message, headers={"X-CSRFToken": fresh, "Origin": server.url})
        assert sent.status_code == 201
        # Of an older page, or one of before the newest sign-in: the answer brings the token that holds now.
        again = {**message, "client_msg_id": str(uuid.uuid4())}
        held = {"X-CSRFToken": out_of_date.headers["X-CSRFToken"], "Origin": server.url}
        assert browser.post(url, json=again, headers=held).status_code == 201
        assert "X-CSRFToken" not in sent.headers


def test_the_first_account_is_made_by_the_link_on_the_console(own_server: Any) -> None:
    server = own_server()
    link = next(word for word in server.log.read_text().split() if "/setup/" in word)
    with httpx.Client(base_url=server.url, follow_redirects=True) as browser:
        page = browser.get(link).text
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {
            "username": "Owner",
            "password": "correct horse battery",
            "display_name": "The Owner",
            "csrfmiddlewaretoken": token,
        }
        done = browser.post(link, data=form, headers={"Origin": server.url})
        assert done.status_code == 200
        assert "General" in done.text
        assert Channel.objects.get().created_by.is_superuser  # type: ignore[union-attr]
    assert httpx.get(link).status_code == 410


def test_pages_say_so_when_something_is_not_there(server: Server, cast: Cast) -> None:
    assert httpx.get(f"{server.url}/nothing/").status_code == 404
    answer = httpx.get(f"{server.url}/")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/sign-in/")
    policy = httpx.get(f"{server.url}/sign-in/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


def test_health_says_what_it_depends_on(server: Server) -> None:
    assert httpx.get(f"{server.url}/healthz").text == "ok\n"
    ready = httpx.get(f"{server.url}/readyz").json()
    assert ready["ready"] is True
    assert {name: state["ok"] for name, state in ready["dependencies"].items()} == {"postgresql": True, "redis": True}
