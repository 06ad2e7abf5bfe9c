"""Threads over HTTP and at the socket: numbers, lists, refusals, and what other sockets hear of it."""

import asyncio
import itertools
import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chat.models import Channel, Message
from delivery.client.connection import CommandRefused
from delivery.wire import ids
from tests.conftest import Cast, in_thread, said
from tests.stage.listening import Listening
from tests.stage.problems import refused
from tests.stage.servers import Server, expect
from tests.stage.sockets import bodies, push


@pytest.fixture
def alice(server: Server, cast: Cast) -> Iterator[httpx.Client]:
    with server.http(cast.token(cast.alice)) as http:
        yield http


@pytest.fixture
def bob(server: Server, cast: Cast) -> Iterator[httpx.Client]:
    with server.http(cast.token(cast.bob)) as http:
        yield http


def post(http: httpx.Client, channel: Channel, body: str, **fields: Any) -> httpx.Response:
    message = {"client_msg_id": str(uuid.uuid4()), "body": body, **fields}
    return http.post(f"/channels/{channel.pk}/messages/", json=message)


def begun(http: httpx.Client, channel: Channel, *replies: str) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    """A root, its replies, and the path of its thread."""
    root = post(http, channel, "Lunch?").json()
    said = [post(http, channel, body, thread=root["id"]).json() for body in replies]
    return root, said, f"/channels/{channel.pk}/messages/{root['id']}/thread/"


def test_a_reply_over_http_stands_in_the_log_and_in_its_thread(
    alice: httpx.Client, bob: httpx.Client, cast: Cast
) -> None:
    root, [one, two], path = begun(alice, cast.team, "one", "two")
    assert (one["thread"], one["seq"], two["seq"]) == (root["id"], root["seq"] + 1, root["seq"] + 3)
    now = alice.get(f"/channels/{cast.team.pk}/messages/{root['id']}/").json()
    assert (now["replies"], now["rev"]) == ({"count": 2, "last_seq": two["seq"]}, two["seq"] + 1)
    assert (now["repliers"], now["replied_at"]) == ([cast.alice.pk], two["created_at"])
    whole = alice.get(f"/channels/{cast.team.pk}/messages/").json()["results"]
    assert [m["body"] for m in whole[:3]] == ["two", "one", "Lunch?"], "the channel's history is the whole log"
    changes = alice.get(f"/channels/{cast.team.pk}/changes/", params={"since": root["rev"]}).json()
    assert [(m["id"], m["rev"]) for m in changes["results"]] == [
        (one["id"], one["rev"]),
        (two["id"], two["rev"]),
        (root["id"], two["seq"] + 1),
    ]
    replies = alice.get(path).json()
    assert [m["id"] for m in replies["results"]] == [two["id"], one["id"]]
    assert (replies["following"], replies["unread"]) == (True, 0)
    assert alice.get(path, params={"before": two["seq"]}).json()["results"] == [one]
    assert alice.get(path, params={"page_size": 1}).json()["next_before"] == two["seq"]
    seen_by_bob = bob.get(path).json()
    assert (seen_by_bob["following"], seen_by_bob["unread"]) == (False, 0)


def test_what_cannot_be_is_refused_over_http(alice: httpx.Client, cast: Cast) -> None:
    root, [one], path = begun(alice, cast.team, "one")
    team = cast.team
    refused(post(alice, team, "x", thread=one["id"]), 400, "invalid")
    refused(post(alice, team, "x", thread=10**12), 404, "not_found")
    refused(post(alice, team, "x", also_in_channel=True), 400, "invalid")
    refused(post(alice, team, "x", thread="1"), 400, "invalid")
    refused(alice.get(f"/channels/{team.pk}/messages/{10**12}/thread/"), 404, "not_found")
    refused(alice.patch(f"/channels/{team.pk}/messages/{one['id']}/thread/", json={"following": True}), 400, "invalid")
    refused(alice.patch(path, json={"follow": True}), 400, "invalid")
    for cursor in ("x", "1", "1.", ".1", "1.x", "9" * 20 + ".1"):
        refused(alice.get("/threads/", params={"cursor": cursor}), 400, "invalid")
    refused(alice.get("/threads/", params={"only": "mine"}), 400, "invalid")
    assert alice.delete(f"/channels/{team.pk}/messages/{root['id']}/").status_code == 200
    refused(post(alice, team, "x", thread=root["id"]), 400, "invalid")
    assert [m["body"] for m in alice.get(path).json()["results"]] == ["one"], "its replies stay"


def test_followed_threads_are_listed_with_what_is_unread(alice: httpx.Client, bob: httpx.Client, cast: Cast) -> None:
    first, _, path = begun(alice, cast.team, "mine")
    second, _, _ = begun(alice, cast.team)
    reply = post(bob, cast.team, "from bob", thread=first["id"]).json()
    post(bob, cast.team, "to the other", thread=second["id"])
    listed = alice.get("/threads/").json()
    assert [(t["id"], t["unread"]) for t in listed["results"]] == [(second["id"], 1), (first["id"], 1)]
    assert listed["unread_threads"] == 2
    page = alice.get("/threads/", params={"page_size": 1}).json()
    assert [t["id"] for t in alice.get(page["next"]).json()["results"]] == [first["id"]]
    now = alice.patch(path, json={"read_seq": reply["seq"]}).json()
    assert now == {"thread": first["id"], "following": True, "read_seq": reply["seq"], "unread": 0}
    assert [t["id"] for t in alice.get("/threads/", params={"only": "unread"}).json()["results"]] == [second["id"]]
    assert alice.patch(path, json={"following": False}).json()["following"] is False
    assert [t["id"] for t in alice.get("/threads/").json()["results"]] == [second["id"]]


async def test_a_reply_at_the_socket_is_told_with_its_root_and_told_again_after_a_cut(
    servers: list[Server], cast: Cast
) -> None:
    here, there = servers
    token = cast.token(cast.bob)
    async with here.connect(cast.token(cast.alice)) as alice, there.connect(token) as bob:
        root = (await alice.post(cast.team.pk, "Lunch?"))["message"]
        await expect(lambda: bodies(bob, cast.team) == ["Lunch?"])
        reply = (await alice.post(cast.team.pk, "Yes", thread=root["id"]))["message"]
        await expect(lambda: len(bob.changes[cast.team.pk]) == 3)
        [_, first, second] = bob.changes[cast.team.pk]
        assert (first, second["id"], second["rev"]) == (reply, root["id"], reply["seq"] + 1)
        assert second["replies"] == {"count": 1, "last_seq": reply["seq"]}
        with pytest.raises(CommandRefused, match="invalid"):
            await alice.post(cast.team.pk, "deeper", thread=reply["id"])
        with pytest.raises(CommandRefused, match="not_found"):
            await alice.post(cast.team.pk, "nowhere", thread=10**12)
    for body in ("one", "two"):
        await in_thread(said, cast.alice, cast.team, body, thread=root["id"])
    async with there.connect(token, heads={cast.team.pk: second["rev"]}) as back:
        await expect(lambda: len(back.changes.get(cast.team.pk, [])) == 3)
        assert [m["body"] for m in back.changes[cast.team.pk]] == ["one", "two", "Lunch?"]
        assert back.changes[cast.team.pk][-1]["replies"]["count"] == 3


async def test_replies_from_two_processes_at_once_are_all_counted(servers: list[Server], cast: Cast) -> None:
    pk = await in_thread(begun_by, cast)
    async with servers[0].connect(cast.token(cast.alice)) as one, servers[1].connect(cast.token(cast.bob)) as other:
        posts = [who.post(cast.team.pk, f"{n}", thread=pk) for n in range(25) for who in (one, other)]
        oks = await asyncio.gather(*posts)
        seqs = sorted(ok["message"]["seq"] for ok in oks)
        row = await in_thread(Message.objects.get, pk=pk)
        assert (row.reply_count, row.last_reply_seq, row.rev) == (51, seqs[-1], seqs[-1] + 1)
        assert all(later - earlier == 2 for earlier, later in itertools.pairwise(seqs)), "two numbers each"
        assert await in_thread(Message.objects.filter(thread=pk).count) == 51
        await expect(lambda: one.changes[cast.team.pk][-1]["replies"]["count"] == 51)
        assert one.changes[cast.team.pk][-1] == other.changes[cast.team.pk][-1]


async def test_ones_own_sockets_hear_how_far_a_thread_is_read_and_nobody_else(server: Server, cast: Cast) -> None:
    root = await in_thread(begun_by, cast)
    path = f"/channels/{cast.team.pk}/messages/{root}/thread/"
    async with server.connect(cast.token(cast.alice)) as alice, server.connect(cast.token(cast.bob)) as bob:
        with server.http(cast.token(cast.alice)) as http:
            now = (await in_thread(http.patch, path, json={"read_seq": ids.MOST})).json()
        assert await push(alice, "thread") == {"op": "thread", "channel": cast.team.pk, **now}
        assert now["unread"] == 0
        await bob.command("ping")
        assert [frame for frame in drained(bob) if frame["op"] == "thread"] == []


def begun_by(cast: Cast) -> int:
    root = int(json.loads(said(cast.alice, cast.team, "Lunch?").raw)["id"])
    said(cast.bob, cast.team, "Yes", thread=root)
    return root


def drained(connection: Listening) -> list[dict[str, Any]]:
    return [connection.pushes.get_nowait() for _ in range(connection.pushes.qsize())]
