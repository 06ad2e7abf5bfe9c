"""What processes tell of people who turn idle or leave, and what newcomers get when many come at once: real rows, a real Valkey."""

from typing import Any

import pytest
from django.conf import settings

from chat import services
from chat.models import User
from presence import roster
from tests.conftest import Cast, in_thread
from tests.stage.accounts import people_called
from tests.stage.presence_stage import Device, Process, Stage


def statuses(device: Device, *users: Any) -> list[str]:
    return [device.sees(user) for user in users]


async def batches_of(time: Stage) -> int:
    """How many of the newest calls to Redis have said everything of somebody."""
    return int(await time.processes[0].presence.roster.redis.zcard(f"{time.prefix}batches"))


async def test_turning_idle_and_leaving_need_no_record_and_are_seen_by_processes_that_begin_later(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(3)
    said = await batches_of(time)
    there.presence.told_idle(bob.socket, is_idle=True)
    await time.pass_time(2)
    late = await time.start().enter(cast.alice)
    await time.pass_time(2)
    assert alice.sees(cast.bob) == late.sees(cast.bob) == "away"
    there.presence.told_idle(bob.socket, is_idle=False)
    await time.pass_time(2)
    later = await time.start().enter(cast.alice)
    await time.pass_time(2)
    assert alice.sees(cast.bob) == later.sees(cast.bob) == "online"
    spoken = await batches_of(time)
    await there.leave(bob)
    await time.pass_time(2)
    last = await time.start().enter(cast.alice)
    await time.pass_time(1)
    assert alice.sees(cast.bob) == last.sees(cast.bob) == "online"
    await time.pass_time(4)
    assert alice.sees(cast.bob) == last.sees(cast.bob) == "offline"
    # alice in the processes that began later, and nothing else.
    assert (said, spoken, await batches_of(time)) == (2, 4, 5)


async def test_marks_of_diffs_are_deleted_once_the_records_say_the_same(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(3)
    there.presence.told_idle(bob.socket, is_idle=True)
    await time.pass_time(1)
    redis, people = there.presence.roster.redis, f"{time.prefix}people:{there.presence.roster.process}"
    assert await redis.hexists(people, f"~{cast.bob.pk}")
    await time.pass_time(settings.LIMITS.heartbeat_seconds + 1)
    assert set(await redis.hkeys(people)) == {b":beat", str(cast.bob.pk).encode()}
    await there.leave(bob)
    await time.pass_time(7)
    assert set(await redis.hkeys(people)) == {b":beat"}
    assert alice.sees(cast.bob) == "offline"


async def test_more_people_than_one_call_says_turn_idle_and_leave(
    here: Process, there: Process, time: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "MOST_SAID", 6)
    crowd = [await in_thread(services.create_user, f"crowd{n}") for n in range(20)]
    await in_thread(services.open_channel, cast.alice, name="crowd", members=crowd)
    alice = await here.enter(cast.alice)
    devices = [await there.enter(user) for user in crowd]
    await time.pass_time(3)
    for device in devices[:15]:
        there.presence.told_idle(device.socket, is_idle=True)
    for device in devices[15:]:
        await there.leave(device)
    await time.pass_time(2)
    assert statuses(alice, *crowd) == ["away"] * 15 + ["online"] * 5
    await time.pass_time(5)
    assert statuses(alice, *crowd) == ["away"] * 15 + ["offline"] * 5


@pytest.mark.parametrize("is_long", [False, True])
async def test_what_redis_did_not_hear_of_people_who_turn_idle_or_leave_is_said_again(
    here: Process, there: Process, time: Stage, cast: Cast, is_long: bool
) -> None:
    await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.sam)
    alice, bob, sam = await here.enter(cast.alice), await there.enter(cast.bob), await there.enter(cast.sam)
    await time.pass_time(5)
    assert statuses(alice, cast.bob, cast.sam) == ["online", "online"]
    there.cut_redis()
    there.presence.told_idle(bob.socket, is_idle=True)
    await there.leave(sam)
    await time.pass_time(8 if is_long else 2)
    there.mend_redis()
    await time.pass_time(15)
    assert statuses(alice, cast.bob, cast.sam) == ["away", "offline"]


async def crowded(cast: Cast, size: int) -> list[User]:
    """People in a channel with alice."""
    people = list((await in_thread(people_called, *(f"crowd{n}" for n in range(size)))).values())
    await in_thread(services.open_channel, cast.alice, name="crowd", members=people)
    return people


async def test_when_many_come_at_once_each_newcomer_gets_one_push_that_names_all(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    crowd = await crowded(cast, 30)
    alice = await here.enter(cast.alice)
    await time.pass_time(3)
    told = len(alice.pushes("presence"))
    devices = [await (here, there)[n % 2].enter(user) for n, user in enumerate(crowd)]
    # A few at once learn at once who is here.
    assert [len(device.pushes("presence")) > 0 for device in devices] == [True] * 20 + [False] * 10
    await time.pass_time(2)
    assert len(alice.pushes("presence")) == told + 1
    for device in devices[20:]:
        [push] = device.pushes("presence")
        assert set(push["users"]) == {str(user.pk) for user in [cast.alice, *crowd]}
    for device in devices:
        assert statuses(device, cast.alice, *crowd) == ["online"] * 31


async def test_an_invisible_newcomer_among_many_sees_their_own_choice(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    crowd = await crowded(cast, 14)
    alice = await here.enter(cast.alice)
    await time.pass_time(3)
    devices = [await there.enter(user) for user in crowd]
    hidden = devices[-1]
    await there.choose(hidden.user, status="invisible")
    await time.pass_time(2)
    assert hidden.sees(hidden.user) == "invisible"
    assert hidden.pushes("presence")[-1]["own"]["status"] == "invisible"
    assert statuses(alice, *crowd) == ["online"] * 13 + ["offline"]
