"""Tokens of programs: their scopes at both doors, the time of last use, and their ends."""

import datetime
import uuid
from typing import Any

import httpx
import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from websockets.exceptions import InvalidStatus

from chat import clock, prepared_sql, services
from chat.models import Scope, Token
from chat.reads import logins
from chat.reads.opening import by_token
from delivery.client.connection import CommandRefused, Connection
from delivery.wire.errors import Conflict, Forbidden, Invalid
from tests.conftest import PASSWORD, Cast, in_thread, said
from tests.stage.moments import FAR, NOW
from tests.stage.nodes import opening_by
from tests.stage.servers import Server, expect

pytestmark = pytest.mark.django_db


def test_a_secret_is_shown_once_and_kept_as_a_hash(server: Server, cast: Cast) -> None:
    with server.http(cast.token(cast.alice)) as http:
        expires_at = (clock.now() + datetime.timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        given = {"name": " build bot ", "scopes": ["write", "read"], "expires_at": expires_at}
        made = http.post("/tokens/", json=given)
        assert made.status_code == 201
        token = made.json()
        secret = token.pop("secret")
        assert (token["name"], token["scopes"], token["last_used_at"]) == ("build bot", ["read", "write"], None)
        assert token["expires_at"].startswith(expires_at[:-1])
        listed = http.get("/tokens/")
        assert token in listed.json()["results"]
        assert secret not in listed.text
        assert not Token.objects.filter(digest=secret).exists()
        with server.http(secret) as program:
            assert program.get("/users/me/").json()["scopes"] == ["read", "write"]
        assert http.get("/tokens/").json()["results"][-1]["last_used_at"]
        assert http.delete(f"/tokens/{token['id']}/").status_code == 204
        assert http.delete(f"/tokens/{token['id']}/").status_code == 404
        with server.http(secret) as program:
            assert program.get("/users/me/").status_code == 401


async def test_who_only_listens_says_at_no_door_what_was_read(server: Server, cast: Cast) -> None:
    secret = await in_thread(lambda: services.create_token(cast.bob, name="listens", scopes=["read"]))
    head = await in_thread(said, cast.alice, cast.team, "hello")
    assert head
    async with server.connect(secret) as bob:
        place = {"channel": cast.team.pk, "seq": 3}
        await bob.command("delivered", **place)
        with pytest.raises(CommandRefused, match="forbidden"):
            await bob.command("read", **place)
    with server.http(secret) as http:
        answer = await in_thread(http.post, f"/channels/{cast.team.pk}/read/", json={"seq": 3})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    cursors = await in_thread(lambda: cast.team.members.get(user=cast.bob))
    assert (cursors.delivered_seq, cursors.read_seq) == (3, 2)


def test_one_sees_and_deletes_only_ones_own_tokens(server: Server, cast: Cast) -> None:
    of_bob = Token.objects.get(user=cast.bob)
    with server.http(cast.token(cast.alice)) as http:
        assert [token["name"] for token in http.get("/tokens/").json()["results"]] == ["tests"]
        assert http.delete(f"/tokens/{of_bob.pk}/").status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        *({}, {"name": ""}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["root"]}),
        *({"name": "x" * 81}, {"name": "a\x00b"}, {"name": "x", "scopes": "read"}, {"name": "x", "expires_at": 5}),
        *(
            {"name": "x", "expires_at": "1999-01-01T00:00:00Z"},
            {"name": "x", "expires_at": "9999-12-31T23:59:59-23:59"},
        ),
    ],
)
def test_a_token_that_can_not_be_is_refused(server: Server, cast: Cast, given: dict[str, Any]) -> None:
    with server.http(cast.token(cast.alice)) as http:
        refused = http.post("/tokens/", json=given)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


#: What each scope lets a program do over HTTP; everything else is refused with 403.
ASKED = [
    ("GET", "/channels/", Scope.READ),
    ("GET", "/mentions/", Scope.READ),
    ("GET", "/search/?q=hello", Scope.READ),
    ("POST", "/channels/{team}/messages/", Scope.WRITE),
    ("POST", "/channels/{team}/read/", Scope.WRITE),
    ("PATCH", "/users/me/", Scope.WRITE),
    ("DELETE", "/channels/{team}/messages/{own}/", Scope.WRITE),
    ("PATCH", "/channels/{team}/", Scope.MODERATE),
    ("DELETE", "/channels/{team}/members/{bob}/", Scope.MODERATE),
    ("GET", "/moderation/reports/", Scope.MODERATE),
    ("GET", "/tokens/", Scope.TOKENS),
    ("POST", "/tokens/", Scope.TOKENS),
]


def test_a_token_does_what_its_scopes_say_and_no_more(server: Server, cast: Cast) -> None:
    said(cast.alice, cast.team, "mine")
    own = cast.team.messages.get(body="mine").pk
    programs = {
        scope: server.http(services.create_token(cast.alice, name=scope, scopes=[scope])) for scope in Scope.values
    }
    for method, path, needed in ASKED:
        url = path.format(team=cast.team.pk, bob=cast.bob.pk, own=own)
        for scope in sorted(Scope.values, key=lambda scope: scope == needed):
            answer = programs[scope].request(method, url, json={} if method in ("POST", "PATCH") else None)
            if scope == needed:
                assert answer.status_code in (200, 201, 204, 400), (method, url, answer.text)
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, url, scope)
                assert f'error="insufficient_scope", scope="{needed}"' in answer.headers["WWW-Authenticate"]
    for program in programs.values():
        program.close()


def test_to_delete_what_others_said_a_token_needs_to_moderate(server: Server, cast: Cast) -> None:
    said(cast.bob, cast.team, "of bob")
    message = cast.team.messages.get(body="of bob").pk
    writer = services.create_token(cast.alice, name="w", scopes=["read", "write"])
    with server.http(writer) as http:
        assert http.delete(f"/channels/{cast.team.pk}/messages/{message}/").status_code == 403
    with server.http(cast.token(cast.alice)) as http:
        assert http.delete(f"/channels/{cast.team.pk}/messages/{message}/").json()["deleted_at"]


def test_a_token_makes_none_that_may_do_or_outlive_more_than_itself(server: Server, cast: Cast) -> None:
    soon = clock.now() + datetime.timedelta(hours=1)
    maker = services.create_token(cast.alice, name="m", scopes=["read", "tokens"], expires_at=soon)
    with server.http(maker) as http:
        assert http.post("/tokens/", json={"name": "x", "scopes": ["write"]}).status_code == 403
        later = {"name": "x", "scopes": ["read"], "expires_at": FAR.isoformat()}
        assert http.post("/tokens/", json=later).status_code == 403
        made = http.post("/tokens/", json={"name": "x", "scopes": ["read"]}).json()
        assert datetime.datetime.fromisoformat(made["expires_at"]) == soon


def test_a_child_can_not_be_made_by_a_token_that_has_just_ended(cast: Cast) -> None:
    parent, _ = services.new_token(cast.alice, name="parent", scopes=Scope.values)
    services.delete_token(cast.alice, token=parent.pk)
    with pytest.raises(Forbidden, match="has just ended"):
        services.new_token(cast.alice, name="child", scopes=["read"], parent=parent)


@pytest.fixture
def browser(cast: Cast) -> Client:
    """Of alice, who has signed in."""
    cast.alice.set_password(PASSWORD)
    cast.alice.save()
    client = Client()
    assert client.login(username="alice", password=PASSWORD)
    return client


@pytest.mark.parametrize("scopes", [Scope.values, ["moderate"], ["read", "tokens"]])
def test_a_grave_token_is_made_by_a_session_only_with_the_password(
    browser: Client, cast: Cast, scopes: list[str]
) -> None:
    def made(**more: Any) -> Any:
        return browser.post("/api/v1/tokens/", {"name": "x", "scopes": scopes, **more}, content_type="application/json")

    before = Token.objects.count()
    for given, status, code in (({}, 400, "invalid"), ({"password": "wrong"}, 403, "forbidden")):
        refused = made(**given)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert "password" in refused.json()["detail"]
    assert Token.objects.count() == before
    assert made(password=PASSWORD).status_code == 201
    usual = {"name": "x", "scopes": ["read", "write"]}
    assert browser.post("/api/v1/tokens/", usual, content_type="application/json").status_code == 201


def test_the_password_of_a_token_is_guessed_no_more_often_than_at_the_sign_in(browser: Client) -> None:
    given = {"name": "x", "scopes": ["tokens"], "password": "wrong"}
    answers = [browser.post("/api/v1/tokens/", given, content_type="application/json") for _ in range(21)]
    assert answers[0].status_code == 403
    assert (answers[20].status_code, answers[20].json()["code"]) == (429, "rate_limited")
    assert int(answers[20]["Retry-After"]) >= 1


def test_tokens_end_with_the_password_unless_they_are_kept_by_choice(cast: Cast) -> None:
    services.change_password(cast.alice, password=PASSWORD, keep_tokens=True)
    assert Token.objects.filter(user=cast.alice).exists()
    services.change_password(cast.alice, password="another " + PASSWORD)
    assert not Token.objects.filter(user=cast.alice).exists()
    assert Token.objects.filter(user=cast.bob).exists()


def test_a_first_password_ends_no_token_and_another_does_whatever_saves_it(cast: Cast) -> None:
    cast.bob.set_password(PASSWORD)
    cast.bob.save()
    assert Token.objects.filter(user=cast.bob).exists()
    bob = type(cast.bob).objects.get(pk=cast.bob.pk)
    bob.set_password("another " + PASSWORD)
    bob.save()
    assert not Token.objects.filter(user=bob).exists()


@pytest.mark.django_db(transaction=True)
async def test_the_socket_holds_the_same_scopes(server: Server, cast: Cast) -> None:
    await in_thread(said, cast.bob, cast.team, "of bob")
    message = (await in_thread(cast.team.messages.get, body="of bob")).pk
    reader, writer, blind = [
        await in_thread(services.create_token, cast.alice, name="x", scopes=scopes)
        for scopes in (["read"], ["read", "write"], ["write"])
    ]
    async with server.connect(reader) as listening, server.connect(writer) as writing:
        await listening.command("ping")
        await listening.command("delivered", channel=cast.team.pk, seq=1)
        with pytest.raises(CommandRefused, match=r"forbidden: .* lacks the scope write"):
            await listening.post(cast.team.pk, "hello")
        assert (await writing.post(cast.team.pk, "hello"))["op"] == "ok"
        with pytest.raises(CommandRefused, match=r"forbidden: .* lacks the scope moderate"):
            await writing.command("message.delete", channel=cast.team.pk, message=message)
    with pytest.raises(InvalidStatus, match="403"):
        await Connection(server.ws, token=blind).__aenter__()


def test_the_last_use_is_written_at_most_once_a_minute(cast: Cast, standing_clock: datetime.datetime) -> None:
    secret = services.create_token(cast.alice, name="bot")

    def last_use(*, after_seconds: int) -> datetime.datetime | None:
        with clock.at(NOW + datetime.timedelta(seconds=after_seconds)):
            assert logins.token_of(secret) is not None
        return Token.objects.get(name="bot").last_used_at

    assert [last_use(after_seconds=seconds) for seconds in (0, 59, 61)] == [
        *(NOW, NOW, NOW + datetime.timedelta(seconds=61))
    ]
    login = opening_by(secret).login
    with clock.at(NOW + datetime.timedelta(days=1)):
        assert logins.endings([login]) == [None]
    assert Token.objects.get(name="bot").last_used_at == NOW + datetime.timedelta(days=1), "a connected one is in use"


def test_an_expired_token_opens_nothing(cast: Cast, standing_clock: datetime.datetime) -> None:
    with clock.at(NOW):
        secret = services.create_token(cast.alice, name="bot", expires_at=NOW + datetime.timedelta(hours=1))
    with clock.at(NOW + datetime.timedelta(minutes=59)):
        login = opening_by(secret).login
        assert logins.endings([login]) == [None]
    with clock.at(NOW + datetime.timedelta(hours=1)):
        assert prepared_sql.run_reading(by_token(secret)) is None
        assert logins.endings([login]) == [4500]


@pytest.mark.django_db(transaction=True)
async def test_an_expired_token_closes_its_sockets_at_the_next_check_of_logins(server: Server, cast: Cast) -> None:
    async with server.connect(cast.token(cast.bob)) as bob, server.connect(cast.token(cast.alice)) as alice:
        await bob.command("ping")
        await in_thread(Token.objects.filter(user=cast.bob).update, expires_at=clock.now())
        # What the check every 30 seconds does, now.
        await in_thread(services.recheck_logins, cast.bob.pk)
        await expect(lambda: bob.is_closed)
        assert bob.closed == (4500, "your login has ended")
        await alice.command("ping")
        with httpx.Client(headers={"Authorization": f"Bearer {cast.token(cast.bob)}"}) as http:
            assert http.get(f"{server.url}/api/v1/users/me/").status_code == 401


@pytest.mark.holds("tokens")
def test_a_user_has_fifty_tokens_and_not_one_more(cast: Cast) -> None:
    for n in range(49):
        services.create_token(cast.alice, name=f"{n}")
    with pytest.raises(Conflict, match="50 tokens"):
        services.create_token(cast.alice, name="one too many")
    services.create_token(cast.bob, name="of another")


def test_the_database_refuses_a_token_without_known_scopes(cast: Cast) -> None:
    for scopes in ([], ["root"]):
        with pytest.raises(IntegrityError), transaction.atomic():
            Token.objects.create(user=cast.alice, name="x", digest=uuid.uuid4().hex, scopes=scopes)
    with pytest.raises(Invalid):
        services.create_token(cast.alice, name="x", scopes=[])
