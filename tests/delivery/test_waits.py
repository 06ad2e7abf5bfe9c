"""`changes/`: the positions that it returns, and waiting for the next change."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from chat import services
from chat.models import Channel
from tests.conftest import Cast, in_thread, said
from tests.stage.servers import Server, expect


def changes(server: Server, cast: Cast, name: str, **query: Any) -> httpx.Response:
    with server.http(cast.tokens[name]) as http:
        return http.get(f"/channels/{cast.team.pk}/changes/", params=query, timeout=40)


def asking(server: Server, cast: Cast, name: str, **query: Any) -> "asyncio.Task[httpx.Response]":
    """The same beside what the test does: threads would be too few."""

    async def ask() -> httpx.Response:
        headers = {"Authorization": f"Bearer {cast.tokens[name]}"}
        async with httpx.AsyncClient(headers=headers, timeout=40, trust_env=False) as http:
            return await http.get(f"{server.url}/api/v1/channels/{cast.team.pk}/changes/", params=query)

    return asyncio.ensure_future(ask())


@pytest.mark.parametrize(
    ("query", "resync", "results"),
    [
        ({}, False, 3),
        ({"since": 0}, False, 3),
        ({"since": 4}, False, 1),
        ({"since": 5}, False, 0),
        ({"since": 6}, True, 0),
        ({"since": 1}, True, 3),
        ({"since": 4, "epoch": "another"}, True, 0),
    ],
)
def test_changes_say_when_what_is_held_counts_for_nothing(
    server: Server, cast: Cast, query: dict[str, Any], resync: bool, results: int
) -> None:
    # bob joined with 2.
    for n in range(3):
        said(cast.alice, cast.team, f"{n}")
    answer = changes(server, cast, "bob", **query).json()
    assert (answer["head"], answer["resync"], len(answer["results"])) == (5, resync, results)
    assert answer["epoch"] == services.read_log_position().epoch


def test_changes_never_ask_to_load_afresh_for_age_or_amount(server: Server, cast: Cast) -> None:
    for n in range(60):
        said(cast.alice, cast.team, f"{n}")
    answer = changes(server, cast, "bob", since=2).json()
    assert (answer["resync"], len(answer["results"]), answer["next_since"]) == (False, 50, 52)


def test_one_waits_for_25_seconds_at_most(server: Server, cast: Cast) -> None:
    assert changes(server, cast, "bob", wait=26).status_code == 400
    said(cast.alice, cast.team, "here already")
    started = time.monotonic()
    assert len(changes(server, cast, "bob", since=2, wait=25).json()["results"]) == 1
    assert time.monotonic() - started < 5


async def test_a_wait_ends_as_soon_as_there_is_something(servers: list[Server], cast: Cast) -> None:
    waiting = [asking(servers[n % 2], cast, "bob", since=2, wait=25) for n in range(4)]
    for server in servers:
        await expect(lambda server=server: _are_waiting(server, 2))
    started = time.monotonic()
    await in_thread(said, cast.alice, cast.team, "at last")
    for answer in await asyncio.gather(*waiting):
        assert [change["body"] for change in answer.json()["results"]] == ["at last"]
    assert time.monotonic() - started < 3


async def test_a_wait_ends_by_itself_with_nothing(server: Server, cast: Cast) -> None:
    started = time.monotonic()
    answer = (await asking(server, cast, "bob", since=2, wait=1)).json()
    assert (answer["results"], answer["head"], answer["resync"]) == ([], 2, False)
    assert 0.9 < time.monotonic() - started < 5


async def test_who_waits_holds_no_place_among_the_others(own_server: Any, cast: Cast) -> None:
    # Two places, one thread: and twenty who wait.
    server = own_server(GAPLESS_LIMIT_POOL="4", GAPLESS_LIMIT_WAITS_PER_USER="20")
    waiting = [asking(server, cast, "bob", since=2, wait=25) for _ in range(20)]
    await expect(lambda: _are_waiting(server, 20))
    for _ in range(5):
        started = time.monotonic()
        assert (await asking(server, cast, "alice")).status_code == 200
        assert time.monotonic() - started < 2
    await in_thread(said, cast.alice, cast.team, "at last")
    answers = await asyncio.gather(*waiting)
    assert {len(answer.json()["results"]) for answer in answers} == {1}


async def test_who_is_removed_meanwhile_learns_nothing(servers: list[Server], cast: Cast) -> None:
    waiting = asking(servers[1], cast, "bob", since=2, wait=25)
    await expect(lambda: _are_waiting(servers[1]))
    await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
    await in_thread(said, cast.alice, cast.team, "about bob")
    answer = await waiting
    assert answer.status_code == 404
    assert "about bob" not in answer.text


@pytest.mark.holds("waits_per_user")
async def test_who_waits_too_often_is_told_so(kept_server: Any, cast: Cast) -> None:
    server = kept_server(GAPLESS_LIMIT_WAITS_PER_USER="2")
    waiting = [asking(server, cast, "bob", since=2, wait=25) for _ in range(2)]
    # Before that the third might be one of the two who wait, and one of the others the third.
    await expect(lambda: _are_waiting(server, 2))
    refused = await asking(server, cast, "bob", since=2, wait=1)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    await in_thread(said, cast.alice, cast.team, "at last")
    assert all(answer.status_code == 200 for answer in await asyncio.gather(*waiting))
    await expect(lambda: _is_taken(server, cast))


async def test_of_many_who_come_at_once_no_more_wait_than_may(kept_server: Any, cast: Cast) -> None:
    server = kept_server(GAPLESS_LIMIT_WAITS_PER_USER="2")
    came = [asking(server, cast, "bob", since=2, wait=25) for _ in range(12)]
    await expect(lambda: sum(one.done() for one in came) == 10)
    await in_thread(said, cast.alice, cast.team, "at last")
    answers = await asyncio.gather(*came)
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [429] * 10


async def _is_taken(server: Server, cast: Cast) -> bool:
    head = await in_thread(lambda: Channel.objects.get(pk=cast.team.pk).head)
    return (await asking(server, cast, "bob", since=head, wait=1)).status_code == 200


async def test_waits_end_when_the_process_does(own_server: Any, cast: Cast) -> None:
    server = own_server()
    waiting = asking(server, cast, "bob", since=2, wait=25)
    await expect(lambda: _are_waiting(server))
    started = time.monotonic()
    stopping = asyncio.ensure_future(in_thread(server.stop))
    assert (await waiting).json()["results"] == []
    assert await stopping == 0
    assert time.monotonic() - started < 10


async def _are_waiting(server: Server, count: int = 1) -> bool:
    figures = (await in_thread(httpx.get, f"{server.url}/metrics")).text
    [line] = [line for line in figures.splitlines() if line.startswith("gapless_requests_waiting")]
    return float(line.split()[-1]) == count
