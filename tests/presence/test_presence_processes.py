"""Presence over real sockets of real web processes: come, idle, type, go; a process killed; Redis flushed, and standing still."""

import asyncio
import time as clock_time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from redis import asyncio as aioredis

from chat import services
from delivery.client.connection import CommandRefused
from tests.conftest import Cast, in_thread
from tests.stage.listening import Listening
from tests.stage.presence_stage import Process, Stage
from tests.stage.servers import Server, expect

Start = Callable[..., Server]


def sees(connection: Listening, user: Any) -> object:
    return connection.people.get(user.pk, {}).get("status", "offline")


def asked(server: Server, token: str, query: str) -> Any:
    with server.http(token) as http:
        return http.get(f"/presence/{query}").json()


async def test_come_idle_type_and_choose(servers: list[Server], cast: Cast) -> None:
    here, there = servers
    team = cast.team.pk
    async with here.connect(cast.token(cast.alice)) as alice, there.connect(cast.token(cast.bob)) as bob:
        await expect(lambda: sees(alice, cast.bob) == sees(bob, cast.alice) == "online")
        await bob.command("presence", idle=True)
        await expect(lambda: sees(alice, cast.bob) == "away")
        await bob.command("presence", status="busy", activity="  on   the phone ", idle=False)
        state = {"status": "busy", "activity": "on the phone", "last_seen": None}
        await expect(lambda: alice.people.get(cast.bob.pk) == state)
        await bob.command("typing", channel=team, on=True)
        await expect(lambda: alice.typing.get(team) == [cast.bob.pk])
        await bob.post(team, "said")
        await expect(lambda: alice.typing.get(team) == [])
        token = cast.token(cast.alice)
        answer = await in_thread(asked, there, token, f"?users={cast.bob.pk},{cast.charlie.pk}")
        assert answer == {"users": {str(cast.bob.pk): state}}
        for op, fields in (("presence", {"status": "gone"}), ("typing", {"channel": team})):
            with pytest.raises(CommandRefused, match="invalid"):
                await bob.command(op, **fields)
        with pytest.raises(CommandRefused, match="not_found"):
            await bob.command("typing", channel=10**9, on=True)
        with there.http(token) as http:
            members = (await in_thread(http.get, f"/channels/{team}/members/")).json()["results"]
        assert {member["user"]["username"]: member["presence"]["status"] for member in members} == {
            "alice": "online",
            "bob": "busy",
        }
    async with there.connect(cast.token(cast.bob)) as again:
        assert again.hello["presence"] == {"status": "busy", "activity": "on the phone", "shows_typing": True}


async def test_the_choices_of_the_api_reach_the_sockets(servers: list[Server], cast: Cast) -> None:
    here, there = servers
    async with here.connect(cast.token(cast.alice)) as alice, here.connect(cast.token(cast.bob)) as bob:
        await expect(lambda: sees(alice, cast.bob) == "online")
        chosen = {"status": "invisible", "activity": "away from it all", "shows_typing": False}
        with there.http(cast.token(cast.bob)) as http:
            answer = (await in_thread(http.patch, "/users/me/", json=chosen)).json()
            assert chosen.items() <= answer.items()
            assert (await in_thread(http.patch, "/users/me/", json={"status": "gone"})).status_code == 400
            assert (await in_thread(http.patch, "/users/me/", json={"shows_typing": 1})).status_code == 400
        await expect(lambda: sees(alice, cast.bob) == "offline" and sees(bob, cast.bob) == "invisible")
        for server in servers:
            for_alice = await in_thread(asked, server, cast.token(cast.alice), f"?users={cast.bob.pk}")
            assert for_alice["users"][str(cast.bob.pk)]["status"] == "offline"
            for_bob = await in_thread(asked, server, cast.token(cast.bob), "")
            assert for_bob["users"][str(cast.bob.pk)]["status"] == "invisible"
        assert (await in_thread(asked, there, cast.token(cast.alice), "?users="))["code"] == "invalid"


async def test_a_killed_process_leaves_no_ghost_behind(servers: list[Server], own_server: Start, cast: Cast) -> None:
    dying = own_server(GAPLESS_LIMIT_PRESENT_SECONDS="3", GAPLESS_LIMIT_HEARTBEAT_SECONDS="1")
    async with servers[0].connect(cast.token(cast.alice)) as alice, dying.connect(cast.token(cast.bob)):
        await expect(lambda: sees(alice, cast.bob) == "online")
        dying.kill()
        await expect(lambda: sees(alice, cast.bob) == "offline", within=6)


async def test_beside_a_release_that_says_it_elsewhere_nobody_is_called_offline(time: Stage, cast: Cast) -> None:
    redis = aioredis.Redis.from_url(settings.REDIS_URL)
    ends_at = (clock_time.time() + 20) * 1_000_000
    await redis.zadd(f"{time.prefix}ends", {f"{cast.bob.pk}:elsewhere": ends_at})
    late = time.start()
    alice = await late.enter(cast.alice)
    await time.pass_time(10)
    assert (alice.sees(cast.alice), alice.sees(cast.bob)) == ("online", "unknown")
    await time.pass_time(12)
    assert alice.sees(cast.bob) == "offline"
    await redis.aclose()


async def test_what_people_of_two_processes_do_at_once_is_one_push(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(3)
    told = [len(device.pushes("presence")) for device in (alice, bob)]
    for process, device in ((here, alice), (there, bob)):
        process.presence.told_idle(device.socket, is_idle=True)
    await time.pass_time(3)
    assert [len(device.pushes("presence")) for device in (alice, bob)] == [before + 1 for before in told]
    assert alice.sees(cast.alice) == alice.sees(cast.bob) == bob.sees(cast.alice) == bob.sees(cast.bob) == "away"


async def test_redis_flushed_under_load_costs_nobody_their_presence(servers: list[Server], cast: Cast) -> None:
    redis = aioredis.Redis.from_url(settings.REDIS_URL)
    async with servers[0].connect(cast.token(cast.alice)) as alice, servers[1].connect(cast.token(cast.bob)) as bob:
        await expect(lambda: sees(alice, cast.bob) == sees(bob, cast.alice) == "online")
        posts = [asyncio.ensure_future(alice.post(cast.team.pk, f"{n}")) for n in range(200)]
        await redis.flushall()
        await asyncio.gather(*posts)

        async def is_filled_again() -> bool:
            names = [str(user.pk) for user in (cast.alice, cast.bob)]
            kept = [await redis.hmget(key, names) async for key in redis.scan_iter("gapless:presence:people:*")]
            return all(any(records) for records in zip(*kept, strict=True)) if kept else False

        await expect(is_filled_again)
        async with servers[1].connect(cast.token(cast.alice)) as late:
            await expect(lambda: sees(late, cast.bob) == "online")
        assert sees(alice, cast.bob) == sees(bob, cast.alice) == "online"
    await redis.aclose()


async def test_redis_standing_still_costs_nothing_but_presence(own_server: Start, cast: Cast) -> None:
    server = own_server(GAPLESS_LIMIT_FLAP_SECONDS="1", GAPLESS_LIMIT_MESSAGES_PER_MINUTE="0")
    redis = aioredis.Redis.from_url(settings.REDIS_URL)
    async with server.connect(cast.token(cast.alice)) as alice, server.connect(cast.token(cast.bob)) as bob:
        await expect(lambda: sees(alice, cast.bob) == "online")
        await redis.client_pause(4000, all=True)
        await asyncio.wait_for(bob.command("typing", channel=cast.team.pk, on=True), 1.5)
        await asyncio.wait_for(bob.command("presence", status="busy"), 1.5)
        await asyncio.wait_for(bob.post(cast.team.pk, "all the same"), 1.5)
        await expect(lambda: sees(alice, cast.bob) == "unknown", within=4)
        await expect(lambda: sees(alice, cast.bob) == "busy", within=6)
    assert (await in_thread(services.choose_presence, cast.bob)).status == "busy"
    await redis.aclose()
