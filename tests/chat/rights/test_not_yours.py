"""An id that does not exist and an id of others get the same sentence and code, at every path with an id, for every user."""

import itertools
import re
from typing import Any

import pytest
from django.test import Client

from chat import services
from chat.models import Member, Message, Scope, User
from chatproject.tables import api_and_pages
from tests.conftest import Cast
from tests.stage.callers import browser
from tests.stage.moderation import reported, staff

pytestmark = pytest.mark.django_db

NOBODYS = 999_999_999
#: What a request must hold to get as far as its ids; of the paths that take ids in their bodies too, those.
BODIES: dict[str, dict[str, Any]] = {
    "channels/<int:pk>/": {"topic": "x"},
    "channels/<int:pk>/members/": {"user": "user"},
    "channels/<int:pk>/members/<int:user>/": {"role": "moderator"},
    "channels/<int:pk>/membership/": {"notify_level": "all"},
    "channels/<int:pk>/messages/": {"client_msg_id": "0b9d2c4e-5f2a-4c0e-9a51-6f7d3b1f8a10", "body": "hi"},
    "channels/<int:pk>/messages/<int:message>/": {"body": "y"},
    "channels/<int:pk>/read/": {"seq": 1},
    "reports/": {"channel": "channel", "message": "message", "reason": "rude"},
    "moderation/reports/close/": {"reports": ["report"], "verdict": "upheld", "reason": "x"},
    "moderation/messages/delete/": {"messages": ["message"], "reason": "x"},
    "moderation/members/remove/": {"channel": "channel", "users": ["user"], "reason": "x"},
    "moderation/members/readmit/": {"channel": "channel", "users": ["user"], "reason": "x"},
    "moderation/members/mute/": {"channel": "channel", "users": ["user"], "minutes": 5, "reason": "x"},
    "moderation/members/unmute/": {"channel": "channel", "users": ["user"], "reason": "x"},
    "moderation/bans/": {"users": ["user"], "reason": "x"},
    "moderation/bans/lift/": {"users": ["user"], "reason": "x"},
}
#: Which of the foreign things a placeholder is about, by the path that it stands in.
MEANT = {
    "moderation/reports/": "report",
    "moderation/messages/": "message",
    "channels/": "channel",
    "tokens/": "token",
    "invites/": "invite",
}


@pytest.fixture
def foreign(cast: Cast) -> dict[str, int]:
    """A private channel of bob's and vera's, with a message, a report of it and a token: nothing of the callers' business."""
    channel = services.open_channel(cast.bob, name="theirs", kind="private", members=[cast.vera])
    report = reported(cast.vera, channel, cast.bob)
    token, _ = services.new_token(cast.bob, name="his", scopes=[Scope.READ])
    ids = {"channel": channel.pk, "message": report.message_id, "report": report.pk, "token": token.pk}
    invite, _ = services.create_invite(cast.bob, channels=[channel.pk])
    return {**ids, "user": cast.vera.pk, "invite": invite.pk}


def callers(cast: Cast) -> dict[str, Client]:
    """Somebody in nothing, somebody in a channel, who keeps another channel, and one of the staff who keeps none."""
    stranger, member = services.create_user("nora"), services.create_user("mia")
    services.add_member(cast.alice, channel=cast.team.pk, user=member)
    people = [stranger, member, cast.alice, staff("agnes", "Support agent")]
    return {
        user.username: Client(
            headers={"Authorization": f"Bearer {services.create_token(user, name='t', scopes=Scope.values)}"}
        )
        for user in people
    }


def calls() -> list[tuple[str, str]]:
    found = [(path, method) for path, methods, _ in api_and_pages() for method in methods]
    asked = [(path.removeprefix("api/v1/"), method) for path, method in found if path.startswith("api/v1/")]
    # Whom one blocks is somebody of the directory, which everybody may read; posting needs a web process (test_access.py).
    asked = [
        call for call in asked if not call[0].startswith("blocks/") and call != ("channels/<int:pk>/messages/", "POST")
    ]
    return [(path, method) for path, method in asked if "<int:" in path or (path in BODIES and method == "POST")]


def answer(client: Client, method: str, path: str, ids: dict[str, int]) -> tuple[int, Any]:
    meant = next((kind for start, kind in MEANT.items() if path.startswith(start)), "user")
    filled = re.sub(r"<int:(\w+)>", lambda m: str(ids.get(m[1], ids[meant])), path)
    body = {name: _filled(value, ids) for name, value in BODIES.get(path, {}).items()} if method != "GET" else {}
    if method == "DELETE":
        body = {}
    send = getattr(client, method.lower())
    told = (
        send(f"/api/v1/{filled}", body, content_type="application/json")
        if method != "GET"
        else send(f"/api/v1/{filled}")
    )
    problem = {k: v for k, v in told.json().items() if k != "request_id"} if told.content else {}
    return told.status_code, re.sub(r"no user \d+", "no user ID", str(problem))


def _filled(value: Any, ids: dict[str, int]) -> Any:
    if isinstance(value, list):
        return [_filled(each, ids) for each in value]
    return ids.get(value, value) if isinstance(value, str) else value


def test_every_path_says_the_same_of_what_is_not_there_and_of_what_is_not_yours(
    cast: Cast, foreign: dict[str, int]
) -> None:
    nothing = dict.fromkeys(foreign, NOBODYS)
    clients = callers(cast)
    assert len(calls()) >= 30
    for (path, method), (who, client) in itertools.product(calls(), clients.items()):
        theirs, none = answer(client, method, path, foreign), answer(client, method, path, nothing)
        assert theirs == none, (who, method, path)
        assert theirs[0] in (400, 403, 404), (who, method, path)


def test_the_keeper_of_a_channel_learns_of_no_message_or_person_elsewhere(cast: Cast, foreign: dict[str, int]) -> None:
    client, own = callers(cast)["alice"], {**foreign, "channel": cast.team.pk}
    for kind in ("message", "user"):
        for path, method in calls():
            if f"<int:{kind}>" in path or any(kind in str(value) for value in BODIES.get(path, {}).values()):
                if path in ("channels/<int:pk>/members/", "reports/") and kind == "user":
                    continue
                theirs = answer(client, method, path, own)
                none = answer(client, method, path, {**own, kind: NOBODYS})
                assert theirs == none, (method, path)


@pytest.mark.parametrize("who", ["agnes", "otto", "alice"])
def test_no_page_of_the_admin_tells_what_there_is(cast: Cast, foreign: dict[str, int], who: str) -> None:
    staff("agnes", "Support agent")
    staff("otto", "Auditor")
    client = browser(who)
    member = Member.objects.get(channel=foreign["channel"], user=foreign["user"]).pk
    rows = {"message": foreign["message"], "channel": foreign["channel"], "member": member}
    if who == "agnes":
        rows["report"] = foreign["report"]
    for (kind, pk), rest in itertools.product(
        rows.items(), ("change/", "act/read/", "act/mute/", "act/dismiss/", "delete/")
    ):
        said = []
        for asked in (pk, NOBODYS):
            told = client.get(f"/admin/chat/{kind}/{asked}/{rest}")
            said.append((told.status_code, told.headers.get("Location", "").replace(str(asked), "ID")))
        assert said[0] == said[1], (kind, rest)


def test_a_page_says_the_same_of_a_foreign_channel_and_of_none(cast: Cast, foreign: dict[str, int]) -> None:
    told = [browser("alice").get(f"/c/{pk}/") for pk in (foreign["channel"], NOBODYS)]
    assert [page.status_code for page in told] == [404, 404]
    assert told[0].content == told[1].content


def test_a_token_that_may_not_moderate_learns_nothing_by_deleting(cast: Cast, foreign: dict[str, int]) -> None:
    token = services.create_token(cast.alice, name="t", scopes=[Scope.READ, Scope.WRITE])
    client = Client(headers={"Authorization": f"Bearer {token}"})
    for channel in (foreign["channel"], cast.team.pk):
        told = [client.delete(f"/api/v1/channels/{channel}/messages/{pk}/") for pk in (foreign["message"], NOBODYS)]
        assert [answer.status_code for answer in told] == [404, 404]
        assert told[0].json()["detail"] == told[1].json()["detail"]
    assert Message.objects.get(pk=foreign["message"]).deleted_at is None
    assert User.objects.filter(username="alice").exists()
