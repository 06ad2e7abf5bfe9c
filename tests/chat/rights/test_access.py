"""Every path and every op, as everybody: who gets which answer is written down here, and what is not in the table fails.

Each call goes to the next of three web processes, so that none of them can know more than the rows do.
"""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx
import pytest
from django.contrib import admin
from django.test import Client
from websockets.exceptions import InvalidStatus

from chat import clock, services
from chat.models import Channel, Member, Message, Report, Role, Sanction, Scope, Token, User
from chatproject.tables import api_and_pages
from delivery.client.connection import CommandRefused
from delivery.wire.commands import COMMANDS
from tests.chat.rights.test_permissions import message_by
from tests.conftest import Cast, in_thread
from tests.stage.servers import Server

PEOPLE = ("anonymous", "banned", "stranger", "staff", "member", "moderator", "owner")


@dataclass
class Scene:
    """A private channel (and a public one) with its people; what an act uses up is made anew for each."""

    channel: Channel
    public: Channel
    people: dict[str, User | None]
    tokens: dict[str, str]
    made: int = 0

    def newcomer(self) -> User:
        self.made += 1
        return User.objects.create(username=f"extra-{self.channel.pk}-{self.made}")

    def target(self) -> User:
        """A plain member."""
        user = self.newcomer()
        Member.objects.create(channel=self.channel, user=user)
        return user

    def removed(self) -> User:
        """Somebody who may not come back by themselves."""
        user = self.newcomer()
        Sanction.objects.create(channel=self.channel, user=user, kind="removal", created_at=clock.now())
        return user

    def message(self, who: str) -> int:
        user = self.people[who] or self.people["owner"]
        assert user is not None
        return message_by(user, self.channel)

    def anothers(self, who: str) -> int:
        return self.message("member" if who != "member" else "owner")

    def invite(self) -> int:
        """One of the console's."""
        return services.create_invite(None, channels=[self.public.pk])[0].pk

    def report(self, who: str) -> int:
        row = Message.objects.get(pk=self.anothers(who))
        fields = {"reason": "rude", "body": row.body, "created_at": clock.now()}
        return Report.objects.create(message=row, channel=self.channel, reporter=self.newcomer(), **fields).pk


def token_of(user: User) -> tuple[Token, str]:
    return services.new_token(user, name="tests", scopes=Scope.values, expires_at=None)


@pytest.fixture
def scene(cast: Cast) -> Scene:
    moderator, banned = services.create_user("mo"), services.create_user("banned")
    channel = services.open_channel(cast.alice, name="private", kind="private", members=[cast.bob, moderator, banned])
    public = services.open_channel(cast.alice, name="public")
    services.change_role(cast.alice, channel=channel.pk, user=moderator, role=Role.MODERATOR)
    named = {"banned": banned, "stranger": cast.charlie, "staff": cast.sam, "member": cast.bob}
    people = {"anonymous": None, **named, "moderator": moderator, "owner": cast.alice}
    tokens = {name: token_of(user)[1] for name, user in people.items() if user is not None}
    services.ban_user(None, user=banned.pk, reason="spam")
    return Scene(channel, public, people, tokens)


Body = Callable[[Scene, str], Any]


def nothing(scene: Scene, who: str) -> None:
    return None


def given(**fields: Any) -> Body:
    return lambda scene, who: {name: value(scene, who) if callable(value) else value for name, value in fields.items()}


def fresh(scene: Scene, who: str) -> str:
    scene.made += 1
    return f"00000000-0000-0000-0000-{scene.channel.pk:06d}{scene.made:06d}"


def own_channel(scene: Scene, who: str) -> int:
    return scene.channel.pk


def targets(scene: Scene, who: str) -> list[int]:
    return [scene.target().pk]


BULK = {"channel": own_channel, "users": targets, "reason": "rude"}
#: Method and path → what fills the path and the body, and the status for each of PEOPLE in their order.
API: dict[tuple[str, str], tuple[Body, Body, str]] = {}


def row(method: str, path: str, statuses: str, *, path_of: Body = nothing, body: Body = nothing) -> None:
    API[method, "api/v1/" + path] = (path_of, body, statuses)


one = "channels/<int:pk>/"
a_member = given(user=lambda s, who: s.target().pk)
own_message = given(message=lambda s, who: s.message(who))
anothers_message = given(message=lambda s, who: s.anothers(who))
#                                               anonymous banned stranger staff member moderator owner
row("GET", "channels/",                         "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "channels/",                        "401 401 201 201 201 201 201", body=given(name=fresh))  # fmt: skip
row("GET", one,                                 "401 401 404 404 200 200 200")  # fmt: skip
row("PATCH", one,                               "401 401 404 200 403 200 200", body=given(topic=fresh, reason="tidy"))  # fmt: skip
row("DELETE", one,                              "401 401 404 204 403 403 204", body=given(reason="done"))  # fmt: skip
row("POST", one + "join/",                      "401 401 404 404 200 200 200")  # fmt: skip
row("POST", one + "leave/",                     "401 401 404 404 204 204 403")  # fmt: skip
row("PATCH", one + "membership/",               "401 401 404 404 200 200 200", body=given(notify_level="all"))  # fmt: skip
row("GET", one + "members/",                    "401 401 404 404 200 200 200")  # fmt: skip
row("POST", one + "members/",                   "401 401 404 404 403 201 201", body=given(user=lambda s, who: s.newcomer().pk))  # fmt: skip
row("PATCH", one + "members/<int:user>/",       "401 401 404 200 403 403 200", path_of=a_member, body=given(role="moderator", reason="helps"))  # fmt: skip
row("DELETE", one + "members/<int:user>/",      "401 401 404 204 403 204 204", path_of=a_member, body=given(reason="rude"))  # fmt: skip
row("GET", one + "messages/",                   "401 401 404 404 200 200 200")  # fmt: skip
row("POST", one + "messages/",                  "401 401 404 404 201 201 201", body=given(client_msg_id=fresh, body="hi"))  # fmt: skip
row("GET", one + "messages/<int:message>/",     "401 401 404 404 200 200 200", path_of=anothers_message)  # fmt: skip
row("PATCH", one + "messages/<int:message>/",   "401 401 404 404 200 200 200", path_of=own_message, body=given(body="y"))  # fmt: skip
row("DELETE", one + "messages/<int:message>/",  "401 401 404 200 403 200 200", path_of=anothers_message, body=given(reason="rude"))  # fmt: skip
row("GET", one + "changes/",                    "401 401 404 404 200 200 200")  # fmt: skip
row("POST", one + "read/",                      "401 401 404 404 200 200 200", body=given(seq=1))  # fmt: skip
row("POST", "reports/",                         "401 401 404 404 201 201 201", body=given(channel=own_channel, message=lambda s, who: s.anothers(who), reason="rude"))  # fmt: skip
row("GET", "moderation/",                       "401 401 403 200 403 200 200")  # fmt: skip
row("GET", "moderation/reports/",               "401 401 403 200 403 200 200")  # fmt: skip
row("GET", "moderation/reports/<int:pk>/",      "401 401 404 200 404 200 200", path_of=given(pk=lambda s, who: s.report(who)))  # fmt: skip
row("POST", "moderation/reports/close/",        "401 401 404 200 404 200 200", body=given(reports=lambda s, who: [s.report(who)], verdict="dismissed", reason="fine"))  # fmt: skip
row("GET", "moderation/messages/<int:pk>/",     "401 401 404 404 403 200 200", path_of=given(pk=lambda s, who: s.anothers(who)))  # fmt: skip
row("POST", "moderation/messages/delete/",      "401 401 404 200 403 200 200", body=given(messages=lambda s, who: [s.anothers(who)], reason="rude"))  # fmt: skip
row("POST", "moderation/members/remove/",       "401 401 404 200 403 200 200", body=given(**BULK))  # fmt: skip
row("POST", "moderation/members/readmit/",      "401 401 404 200 403 200 200", body=given(**{**BULK, "users": lambda s, who: [s.removed().pk]}))  # fmt: skip
row("GET", "moderation/members/removed/",       "401 401 403 200 403 200 200")  # fmt: skip
row("POST", "moderation/members/mute/",         "401 401 404 200 403 200 200", body=given(**BULK, minutes=5))  # fmt: skip
row("POST", "moderation/members/unmute/",       "401 401 404 200 403 200 200", body=given(**BULK))  # fmt: skip
row("GET", "moderation/members/muted/",         "401 401 403 200 403 200 200")  # fmt: skip
row("GET", "moderation/bans/",                  "401 401 403 200 403 403 403")  # fmt: skip
row("POST", "moderation/bans/",                 "401 401 403 200 403 403 403", body=given(users=targets, reason="spam"))  # fmt: skip
row("POST", "moderation/bans/lift/",            "401 401 403 404 403 403 403", body=given(users=targets, reason="fine"))  # fmt: skip
row("GET", "moderation/audit/",                 "401 401 403 200 403 200 200")  # fmt: skip
row("GET", "blocks/",                           "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "blocks/",                          "401 401 201 201 201 201 201", body=given(user=lambda s, who: s.newcomer().pk))  # fmt: skip
row("DELETE", "blocks/<int:user>/",             "401 401 204 204 204 204 204", path_of=given(user=lambda s, who: s.newcomer().pk))  # fmt: skip
row("GET", "search/",                           "401 401 200 200 200 200 200")  # fmt: skip
row("GET", "invites/",                          "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "invites/",                         "401 401 404 404 403 201 201", body=given(channels=lambda s, who: [s.channel.pk]))  # fmt: skip
row("DELETE", "invites/<int:pk>/",              "401 401 404 404 404 404 404", path_of=given(pk=lambda s, who: s.invite()))  # fmt: skip
row("GET", "tokens/",                           "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "tokens/",                          "401 401 201 201 201 201 201", body=given(name="new"))  # fmt: skip
row("DELETE", "tokens/<int:pk>/",               "401 401 404 404 404 404 404", path_of=given(pk=lambda s, who: token_of(s.newcomer())[0].pk))  # fmt: skip
row("GET", "users/me/",                         "401 401 200 200 200 200 200")  # fmt: skip
row("PATCH", "users/me/",                       "401 401 200 200 200 200 200", body=given(display_name="Me"))  # fmt: skip
row("GET", one + "stats/",                      "401 401 404 200 200 200 200")  # fmt: skip
row("GET", "schema/",                           "200 200 200 200 200 200 200")  # fmt: skip
row("GET", "docs/",                             "200 200 200 200 200 200 200")  # fmt: skip
row("GET", "asyncapi.json",                     "200 200 200 200 200 200 200")  # fmt: skip
row("GET", "users/",                            "401 401 200 200 200 200 200")  # fmt: skip
row("GET", "presence/",                         "401 401 200 200 200 200 200")  # fmt: skip


def calls() -> Iterator[tuple[str, str]]:
    """Every method of every path, but the admin's own."""
    for path, methods, _ in api_and_pages():
        for method in methods or ["GET"]:
            yield method, path


def test_every_call_of_the_api_is_in_the_table() -> None:
    assert {call for call in calls() if call[1].startswith("api/")} == set(API)


@pytest.mark.parametrize("prefix", ["channels/", "moderation/", ""])
def test_every_call_is_answered_to_each_as_the_table_says(processes: list[Server], scene: Scene, prefix: str) -> None:
    prefixes = ("api/v1/channels/", "api/v1/moderation/")
    found, expected = {}, {}
    doors = cycle([httpx.Client(base_url=each.url, trust_env=False, timeout=20) for each in processes])
    for (method, path), (path_of, body, statuses) in API.items():
        mine = path.startswith(f"api/v1/{prefix}") if prefix else not path.startswith(prefixes)
        if mine:
            expected[method, path] = statuses
            answers = [call(next(doors), scene, who, method, path, path_of, body) for who in PEOPLE]
            found[method, path] = " ".join(str(status) for status in answers)
            _restore(scene)
    assert found == expected


def call(http: httpx.Client, scene: Scene, who: str, method: str, path: str, path_of: Body, body: Body) -> int:
    filled = path.replace("channels/<int:pk>", f"channels/{scene.channel.pk}")
    for name, value in (path_of(scene, who) or {}).items():
        filled = filled.replace(f"<int:{name}>", str(value))
    query = {"q": "x"} if path.endswith("search/") else None
    headers = {"Authorization": f"Bearer {scene.tokens[who]}"} if who in scene.tokens else {}
    answer = http.request(method, f"/{filled}", json=body(scene, who), params=query, headers=headers)
    if answer.status_code >= 400:
        problem = answer.json()
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert str(scene.channel.name) not in problem["detail"]
    return answer.status_code


def _restore(scene: Scene) -> None:
    Channel.objects.filter(pk=scene.channel.pk).update(archived_at=None)
    for who in ("member", "moderator"):
        user = scene.people[who]
        assert user is not None
        role = Role.MODERATOR if who == "moderator" else Role.MEMBER
        Member.objects.update_or_create(channel=scene.channel, user=user, defaults={"role": role})
    Channel.objects.filter(pk=scene.channel.pk).update(member_count=scene.channel.members.count())


def test_what_one_process_changes_holds_in_all_at_once(processes: list[Server], scene: Scene) -> None:
    owner, stranger = ([process.http(scene.tokens[who]) for process in processes] for who in ("owner", "stranger"))
    person = scene.people["stranger"]
    assert person is not None
    path = f"/channels/{scene.channel.pk}/"
    line = f"{path}members/{person.pk}/"

    def answers(method: str, path: str, **body: str) -> list[int]:
        return [each.request(method, path, json=body or None).status_code for each in stranger]

    changes: list[tuple[Callable[[], httpx.Response], int, int]] = [
        (lambda: owner[0].post(f"{path}members/", json={"user": person.pk}), 200, 403),
        (lambda: owner[1].patch(line, json={"role": "moderator"}), 200, 200),
        (lambda: owner[2].patch(line, json={"role": "member"}), 200, 403),
        (lambda: owner[0].delete(line), 404, 404),
        (lambda: owner[1].post(f"{path}members/", json={"user": person.pk}), 200, 403),
    ]
    for change, reading, renaming in changes:
        assert change().is_success
        assert answers("GET", f"{path}messages/") == [reading] * 3
        assert answers("PATCH", path, topic=fresh(scene, "stranger")) == [renaming] * 3


# ---- pages ----

#: Method and path → the status for each of PEOPLE; 302 leads to the sign-in page. What changes anything needs a CSRF token: 403.
PAGES = {
    "GET healthz": "200 200 200 200 200 200 200",
    "GET readyz": "200 200 200 200 200 200 200",
    "GET metrics": "200 200 200 200 200 200 200",
    "GET ": "302 302 200 200 200 200 200",
    "GET c/<int:pk>/": "302 302 404 404 200 200 200",
    "GET c/<int:pk>/post/": "302 302 405 405 405 405 405",
    "POST c/<int:pk>/post/": "403 403 403 403 403 403 403",
    "GET sign-in/": "200 200 302 302 302 302 302",
    "POST sign-in/": "403 403 403 403 403 403 403",
    "GET sign-up/": "403 403 302 302 302 302 302",
    "POST sign-up/": "403 403 403 403 403 403 403",
    "GET sign-out/": "405 405 405 405 405 405 405",
    "POST sign-out/": "403 403 403 403 403 403 403",
    "GET password/": "302 302 200 200 200 200 200",
    "POST password/": "403 403 403 403 403 403 403",
    "GET invite/<str:secret>/": "410 410 410 410 410 410 410",
    "POST invite/<str:secret>/": "403 403 403 403 403 403 403",
    "GET new-password/<str:secret>/": "410 410 410 410 410 410 410",
    "POST new-password/<str:secret>/": "403 403 403 403 403 403 403",
    "GET setup/<str:token>/": "410 410 410 410 410 410 410",
    "POST setup/<str:token>/": "403 403 403 403 403 403 403",
    "GET admin/logout/": "405 405 405 405 405 405 405",
    "POST admin/logout/": "403 403 403 403 403 403 403",
    "GET admin/password_change/": "302 302 302 302 302 302 302",
    "GET admin/": "302 302 302 200 302 302 302",
    # Last: it gives the session another key, of which the other processes' cookies know nothing.
    "GET password/changed/": "302 302 200 200 200 200 200",
}


def browser(processes: list[Server], user: User | None) -> httpx.Client:
    """Signed in everywhere by one session; a banned one by the session of before."""
    jar = {}
    if user is not None:
        client = Client()
        client.force_login(user)
        session = next(iter(client.cookies.values())).value
        jar = {f"gapless_session_{process.port}": session for process in processes}
    return httpx.Client(cookies=jar, follow_redirects=False, trust_env=False, timeout=20)


def test_every_page_is_answered_to_each_as_the_table_says(processes: list[Server], scene: Scene) -> None:
    paths = {path for _, path in calls() if not path.startswith("api/")}
    assert paths <= {name.split(" ", 1)[1] for name in PAGES}
    browsers = [browser(processes, scene.people[who]) for who in PEOPLE]
    urls = cycle([process.url for process in processes])
    found = {}
    for name in PAGES:
        method, path = name.split(" ", 1)
        filled = "/" + path.replace("<int:pk>", str(scene.channel.pk)).replace("<str:token>", "wrong").replace(
            "<str:secret>", "wrong"
        )
        found[name] = " ".join(str(each.request(method, next(urls) + filled).status_code) for each in browsers)
    assert found == PAGES


def test_no_page_of_the_admin_is_for_anybody_but_staff(processes: list[Server], scene: Scene) -> None:
    paths = sorted(set(_admin_paths(admin.site.get_urls())))
    assert len(paths) > 10
    urls = cycle([process.url for process in processes])
    for who in ("anonymous", "banned", "owner"):
        each = browser(processes, scene.people[who])
        for path in paths:
            assert each.get(f"{next(urls)}/admin/{path}").status_code in (302, 403, 404, 405), path


def _admin_paths(patterns: Any, prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        text = prefix + str(pattern.pattern).replace("^", "").replace("$", "")
        if hasattr(pattern, "url_patterns"):
            yield from _admin_paths(pattern.url_patterns, text)
        else:
            yield text.replace("<path:object_id>", "1").replace("<int:pk>", "1")


# ---- ops of the socket ----

#: Op → fields, and what each of stranger, staff, member, moderator, owner is answered.
OPS: dict[str, tuple[Body, str]] = {
    "sync": (nothing, "ok ok ok ok ok"),
    "message.post": (given(channel=own_channel, client_msg_id=fresh, body="hi"), "not_found not_found ok ok ok"),
    "message.edit": (
        given(channel=own_channel, message=lambda s, who: s.message(who), body="y"),
        "not_found not_found ok ok ok",
    ),
    "message.delete": (
        given(channel=own_channel, message=lambda s, who: s.anothers(who), reason="rude"),
        "not_found ok forbidden ok ok",
    ),
    "delivered": (given(channel=own_channel, seq=1), "not_found not_found ok ok ok"),
    "read": (given(channel=own_channel, seq=1), "not_found not_found ok ok ok"),
    "typing": (given(channel=own_channel, on=False), "not_found not_found ok ok ok"),
    "presence": (given(status="online"), "ok ok ok ok ok"),
    "ping": (nothing, "ok ok ok ok ok"),
}


async def test_every_op_is_answered_to_each_as_the_table_says(processes: list[Server], scene: Scene) -> None:
    assert set(OPS) == {str(command.__struct_config__.tag) for command in COMMANDS}
    found: dict[str, list[str]] = {op: [] for op in OPS}
    for who in PEOPLE[2:]:
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(each.connect(scene.tokens[who])) for each in processes]
            for socket, (op, (fields, _)) in zip(cycle(sockets), OPS.items(), strict=False):
                asked = await in_thread(fields, scene, who) or {}
                try:
                    await socket.command(op, **asked)
                    found[op].append("ok")
                except CommandRefused as refused:
                    found[op].append(refused.code)
    assert {op: " ".join(answers) for op, answers in found.items()} == {op: row[1] for op, row in OPS.items()}
    for token in (scene.tokens["banned"], "nobody's"):
        with pytest.raises(InvalidStatus, match="403"):
            await processes[0].connect(token).__aenter__()
