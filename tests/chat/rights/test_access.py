"""Every path and every op for every kind of user: the table here has each answer, and what is missing in it fails.

Each call goes to the next of three web processes, so that none of them can know more than the rows do.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from itertools import cycle
from typing import Any

import httpx
import pytest
from django.contrib import admin
from websockets.exceptions import InvalidStatus

from chat.models import Channel, Member, Role
from chatproject.tables import api_and_pages
from delivery.wire.commands import COMMANDS
from tests.conftest import in_thread
from tests.stage.access_scene import PEOPLE, Body, Scene, answer_to, fresh
from tests.stage.access_table import API, OPS, PAGES
from tests.stage.callers import signed_in_everywhere
from tests.stage.servers import Server

#: By the method and the last word of the path.
QUERIES = {
    ("GET", "search"): {"q": "x"},
    ("GET", "cited"): {"at": "1.1"},
    ("DELETE", "reactions"): {"emoji": "👍"},
    ("DELETE", "saved"): {"message": "1"},
}


def calls() -> Iterator[tuple[str, str]]:
    """Every method of every path, but the admin's own."""
    for path, methods, _ in api_and_pages():
        for method in methods or ["GET"]:
            yield method, path


@pytest.mark.fast
def test_every_call_of_the_api_is_in_the_table() -> None:
    assert {call for call in calls() if call[1].startswith("api/")} == set(API)


@pytest.mark.parametrize("prefix", ["channels/", "moderation/", ""])
def test_every_call_is_answered_to_each_as_the_table_says(processes: list[Server], scene: Scene, prefix: str) -> None:
    prefixes = ("api/v1/channels/", "api/v1/moderation/")
    found, expected = {}, {}
    doors = cycle([httpx.Client(base_url=each.url, trust_env=False) for each in processes])
    for (method, path), (path_of, body, statuses) in API.items():
        mine = path.startswith(f"api/v1/{prefix}") if prefix else not path.startswith(prefixes)
        if mine:
            expected[method, path] = statuses
            answers = [call(next(doors), scene, who, method, path, path_of, body) for who in PEOPLE]
            found[method, path] = " ".join(str(status) for status in answers)
            _restore(scene)
    assert found == expected


def call(http: httpx.Client, scene: Scene, who: str, method: str, path: str, path_of: Body, body: Body) -> int:
    filled = re.sub(r"(channels|conversations)/<int:pk>", rf"\1/{scene.channel.pk}", path)
    for name, value in (path_of(scene, who) or {}).items():
        filled = filled.replace(f"<int:{name}>", str(value))
    query = QUERIES.get((method, path.rsplit("/", 2)[-2]))
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


def test_every_page_is_answered_to_each_as_the_table_says(processes: list[Server], scene: Scene) -> None:
    paths = {path for _, path in calls() if not path.startswith("api/")}
    assert paths <= {name.split(" ", 1)[1] for name in PAGES}
    browsers = [signed_in_everywhere(processes, scene.people[who]) for who in PEOPLE]
    urls = cycle([process.url for process in processes])
    found = {}
    for name in PAGES:
        method, path = name.split(" ", 1)
        filled = "/" + path.replace("<int:pk>", str(scene.channel.pk)).replace("<int:seq>", "1")
        filled = filled.replace("<str:token>", "wrong").replace("<str:secret>", "wrong")
        found[name] = " ".join(str(each.request(method, next(urls) + filled).status_code) for each in browsers)
    assert found == PAGES


def test_no_page_of_the_admin_is_for_anybody_but_staff(processes: list[Server], scene: Scene) -> None:
    paths = sorted(set(_admin_paths(admin.site.get_urls())))
    assert len(paths) > 10
    urls = cycle([process.url for process in processes])
    for who in ("anonymous", "banned", "owner"):
        each = signed_in_everywhere(processes, scene.people[who])
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


async def test_every_op_is_answered_to_each_as_the_table_says(processes: list[Server], scene: Scene) -> None:
    assert set(OPS) == {str(command.__struct_config__.tag) for command in COMMANDS}
    found: dict[str, list[str]] = {op: [] for op in OPS}
    for who in PEOPLE[2:]:
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(each.connect(scene.tokens[who])) for each in processes]
            for socket, (op, (fields, _)) in zip(cycle(sockets), OPS.items(), strict=False):
                asked = await in_thread(fields, scene, who) or {}
                found[op].append(await answer_to(socket, op, asked))
    inside = len(PEOPLE[2:])
    assert found == {op: answers.split()[:inside] for op, (_, answers) in OPS.items()}
    for token in (scene.tokens["banned"], "nobody's"):
        with pytest.raises(InvalidStatus, match="403"):
            await processes[0].connect(token).__aenter__()
