"""The bounds on sockets of one person and of a channel: at n and n + 1, across processes, without Redis, after a crash."""

import asyncio
import random
from contextlib import AsyncExitStack
from typing import Any

import pytest
from django.conf import settings
from redis import asyncio as aioredis

from chat import services
from chat.models import Channel, Member, User
from delivery.live.seat_store import Holder, Seats
from delivery.live.socket import socket_for
from delivery.node import Node
from tests.conftest import Cast, in_thread
from tests.stage.listeners import Listener
from tests.stage.listening import Listening
from tests.stage.nodes import opening_by
from tests.stage.servers import EXPECT_SECONDS, Server, expect


@pytest.fixture
async def redis() -> Any:
    client = aioredis.Redis.from_url(settings.REDIS_URL)
    yield client
    await client.aclose()


async def frame(connection: Listening, **wanted: object) -> dict[str, Any]:
    """The next push with these fields; others before it are passed over."""
    async with asyncio.timeout(EXPECT_SECONDS):
        while True:
            found = await connection.pushes.get()
            if wanted.items() <= found.items():
                return found


@pytest.mark.holds("sockets_per_user")
async def test_ten_sockets_a_user_and_the_idlest_goes_for_the_eleventh(
    processes: list[Server], cast: Cast, redis: Any
) -> None:
    async with AsyncExitStack() as stack:
        devices = [await stack.enter_async_context(processes[n % 3].connect(cast.token(cast.bob))) for n in range(10)]
        await devices[0].post(cast.team.pk, "the oldest is in use")

        async def is_known_in_use() -> bool:
            idle = await redis.hgetall(f"gapless:idle:{cast.bob.pk}")
            if len(idle) < 10:
                return False
            newest = max(idle, key=lambda holder: int(idle[holder]))
            return bool(newest.decode().endswith(devices[0].hello["connection"]))

        await expect(is_known_in_use)
        assert not any(device.is_closed for device in devices)
        await stack.enter_async_context(processes[2].connect(cast.token(cast.bob)))
        # It sat in the other process.
        assert (await asyncio.wait_for(devices[1].wait_closed(), EXPECT_SECONDS))[0] == 4503
        assert (await frame(devices[1], op="goodbye"))["retry_after"] is None
        for device in (devices[0], *devices[2:]):
            await device.command("ping")


def fill(channel: Channel, count: int) -> list[str]:
    """So many more members, and a token of each."""
    people = User.objects.bulk_create(User(username=f"crowd-{n}") for n in range(count))
    Member.objects.bulk_create(Member(channel=channel, user=user) for user in people)
    Channel.objects.filter(pk=channel.pk).update(member_count=channel.members.count())
    return [services.create_token(user, name="tests") for user in people]


@pytest.mark.holds("spare_sockets")
async def test_a_channel_has_120_sockets_and_each_of_100_members_a_place(processes: list[Server], cast: Cast) -> None:
    tokens = await in_thread(fill, cast.team, 98)
    alice, bob, last = cast.token(cast.alice), cast.token(cast.bob), tokens.pop()

    async with AsyncExitStack() as stack:

        async def come(place: int, token: str) -> Listening:
            return await stack.enter_async_context(processes[place % 3].connect(token))

        # 119 sockets of 99 people: 20 of them are further ones.
        wanted = [alice] * 10 + [bob] * 10 + [tokens[0]] * 2 + tokens
        crowd = [await come(n, token) for n, token in enumerate(wanted)]
        assert len(crowd) == 119
        assert all("refused" not in device.hello["channels"][0] for device in crowd)
        late = await come(1, tokens[0])
        assert late.hello["channels"][0]["refused"] == "too_many_connections"
        assert (await frame(late, op="error"))["code"] == "too_many_connections"
        assert cast.team.pk not in late.heads
        # A first socket has its place all the same, the 120th.
        vera = await come(2, last)
        assert "refused" not in vera.hello["channels"][0]
        said = await vera.post(cast.team.pk, "hello")
        for device in (*crowd, vera):
            await expect(lambda device=device: device.changes.get(cast.team.pk) == [said["message"]])
        assert late.changes == {}
        # It may write, and asked again it hears why it hears nothing.
        await late.post(cast.team.pk, "from the one too many")
        await late.sync({cast.team.pk: said["message"]["seq"] - 1})
        assert (await frame(late, op="error"))["channel"] == cast.team.pk
        # When somebody goes, it hears all that it missed; the next has no place again.
        await crowd[3].drop()
        await frame(late, op="channel", action="updated")
        await vera.post(cast.team.pk, "now it hears")
        await expect(lambda: len(late.changes.get(cast.team.pk, [])) == 3)
        assert late.changes == vera.changes
        assert late.gaps == 0
        assert (await come(0, last)).hello["channels"][0]["refused"] == "too_many_connections"


def holder(user: int, socket: str, *channel_ids: int, idle: float = 0) -> Holder:
    return Holder(user_id=user, socket=socket, channel_ids=channel_ids, idle=idle)


@pytest.fixture
async def registers(redis: Any) -> Any:
    """Two processes with one spare seat a channel, that live as long as they say so."""
    await redis.flushdb()
    made = [Seats(settings.REDIS_URL, process=name, per_user=3, spare=1) for name in ("here", "there")]
    for seats in made:
        await seats.live()
    yield made
    for seats in made:
        await seats.close()


async def refused(seats: Seats, taker: Holder) -> set[int]:
    return set((await seats.take(taker, others=())).refused)


async def test_the_seats_of_a_dead_process_are_free(registers: list[Seats], redis: Any) -> None:
    here, there = registers
    assert not await refused(there, holder(1, "first", 7))
    assert not await refused(there, holder(1, "second", 7))
    assert await refused(here, holder(1, "third", 7)) == {7}
    assert await refused(here, holder(1, "third", 7, 8)) == {7}
    # As after kill -9: its word is no longer believed.
    await redis.delete("gapless:process:there")
    assert not await refused(here, holder(1, "third", 7))
    assert not await refused(here, holder(1, "fourth", 7))
    assert await refused(here, holder(2, "of another", 7)) == set()
    assert await refused(here, holder(2, "of another again", 7)) == {7}


async def test_seats_come_back_into_a_redis_that_was_emptied(registers: list[Seats], redis: Any) -> None:
    here, there = registers
    held = [holder(1, "first", 7), holder(1, "second", 7)]
    for taker in held:
        await refused(there, taker)
    await redis.flushdb()
    for seats in registers:
        await seats.live()
    await there.renew(held)
    assert await refused(here, holder(1, "third", 7)) == {7}
    await there.leave([held[0]])
    assert not await refused(here, holder(1, "third", 7))


async def test_a_surplus_socket_that_missed_the_announcement_is_found(registers: list[Seats]) -> None:
    here, there = registers
    held = [holder(1, f"{n}") for n in range(3)]
    for taker in held:
        assert not (await there.take(taker, others=())).surplus
    assert (await here.take(holder(1, "one more"), others=())).surplus == [("there", "0")]
    assert await there.renew(held) == {"0"}
    assert not (await here.take(holder(1, "one more"), others=())).surplus


async def test_without_redis_each_process_counts_its_own() -> None:
    alone = Seats("redis://127.0.0.1:1", process="alone", per_user=3, spare=1)
    assert not await refused(alone, holder(1, "first", 7))
    assert not await refused(alone, holder(1, "second", 7))
    assert await refused(alone, holder(1, "third", 7)) == {7}
    assert not await refused(alone, holder(2, "of another", 7))
    await alone.leave([holder(1, "second", 7)])
    assert not await refused(alone, holder(1, "third", 7))
    others = [holder(1, name, idle=idle) for name, idle in (("new", 1), ("idlest", 99), ("used", 2))]
    assert (await alone.take(holder(1, "fourth"), others=others)).surplus == [("alone", "idlest")]
    await alone.close()


async def test_a_crowd_that_is_cut_off_at_once_leaves_its_seats_together(node: Node, cast: Cast, redis: Any) -> None:
    opening = await in_thread(opening_by, cast.token(cast.bob))
    sockets = [socket_for(opening.login, Listener(), node.limits) for _ in range(100)]
    for socket in sockets:
        await node.seats.take(Holder(cast.bob.pk, socket.id, [cast.team.pk], idle=0), others=())

    async def connections() -> int:
        return int((await redis.info("stats"))["total_connections_received"])

    before = await connections()
    await asyncio.gather(*(node.part(socket) for socket in sockets))
    await expect(lambda: redis_says_nobody(redis, cast.bob))
    assert await connections() - before < 10


async def redis_says_nobody(redis: Any, user: User) -> bool:
    return not await redis.exists(f"gapless:held:{user.pk}", f"gapless:sockets:{user.pk}", f"gapless:idle:{user.pk}")


class Expected:
    """The rule in as few words as there are: of a channel a user's first socket, and so many further ones of all users together."""

    def __init__(self, *, spare: int) -> None:
        self._spare = spare
        self._seats: dict[tuple[int, str], set[int]] = {}

    def take(self, taker: Holder) -> set[int]:
        mine = self._seats.setdefault((taker.user_id, taker.socket), set())
        refused = {
            channel for channel in taker.channel_ids if channel not in mine and not self._is_free(channel, taker)
        }
        mine |= set(taker.channel_ids) - refused
        return refused

    def leave(self, leaver: Holder) -> None:
        self._seats.pop((leaver.user_id, leaver.socket), None)

    def _is_free(self, channel: int, taker: Holder) -> bool:
        users = [user for (user, _), channels in self._seats.items() if channel in channels]
        return taker.user_id not in users or len(users) - len(set(users)) < self._spare


@pytest.mark.parametrize("url", [settings.REDIS_URL, "redis://127.0.0.1:1"], ids=["redis", "without"])
async def test_seats_are_taken_and_left_as_the_rule_says_in_any_order(redis: Any, url: str) -> None:
    await redis.flushdb()
    chance = random.Random(12)
    expected = Expected(spare=2)
    seats = Seats(url, process="here", per_user=0, spare=2)
    for _ in range(300):
        one = holder(chance.randrange(3), f"{chance.randrange(4)}", *chance.sample(range(4), chance.randrange(1, 5)))
        if chance.random() < 0.3:
            await seats.leave([one])
            expected.leave(one)
        else:
            assert await refused(seats, one) == expected.take(one)
    await seats.close()


async def test_a_first_socket_costs_redis_as_much_for_a_thousand_channels_as_for_one(
    registers: list[Seats], redis: Any
) -> None:
    here, _ = registers

    async def commands(taker: Holder) -> int:
        async def counted() -> int:
            return sum(row["calls"] for row in (await redis.info("commandstats")).values())

        before = await counted()
        assert not await refused(here, taker)
        await here.renew([taker])
        await here.leave([taker])
        return await counted() - before

    await commands(holder(1, "first", 1))
    few, many = await commands(holder(1, "first", 1)), await commands(holder(1, "first", *range(1000)))
    assert many < few + 100
