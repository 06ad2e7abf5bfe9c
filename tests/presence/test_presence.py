"""Who is here, what they do, when they were last seen: real rows and a real Valkey; the clock is moved, not waited for."""

import pytest
from django.conf import settings

from chat import services
from chat.models import Member
from delivery.bus.announcements import Opened
from delivery.wire.errors import Invalid
from presence import everyone as view
from presence import roster
from tests.conftest import Cast, in_thread
from tests.stage.presence_stage import Process, Stage
from tests.stage.servers import expect

# ---- coming and going ----


async def test_people_come_and_go(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice = await here.enter(cast.alice)
    bob = await there.enter(cast.bob)
    await time.pass_time(2)
    assert alice.sees(cast.bob) == bob.sees(cast.alice) == "online"
    await there.leave(bob)
    await time.pass_time(4.5)
    assert alice.sees(cast.bob) == "online"
    await time.pass_time(1.5)
    assert alice.sees(cast.bob) == "offline"
    assert alice.state(cast.bob)["last_seen"]


async def test_many_sockets_in_many_processes_are_one_person(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice = await here.enter(cast.alice)
    devices = [(process, await process.enter(cast.bob)) for process in (here, there) for _ in range(3)]
    await time.pass_time(2)
    told = len(alice.pushes("presence"))
    for process, device in devices[:-1]:
        await process.leave(device)
        await time.pass_time(10)
        assert alice.sees(cast.bob) == "online"
    assert len(alice.pushes("presence")) == told
    await there.leave(devices[-1][1])
    await time.pass_time(7)
    assert alice.sees(cast.bob) == "offline"


@pytest.mark.holds("flap_seconds")
async def test_coming_back_within_five_seconds_is_not_noticed(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    told = len(alice.pushes("presence"))
    held = there
    for process in (here, there, here, there):
        await held.leave(bob)
        await time.pass_time(4)
        held, bob = process, await process.enter(cast.bob)
        await time.pass_time(2)
    assert len(alice.pushes("presence")) == told
    assert alice.sees(cast.bob) == "online"


@pytest.mark.holds("present_seconds")
async def test_a_killed_process_leaves_no_ghost(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice = await here.enter(cast.alice)
    await there.enter(cast.bob)
    await time.pass_time(100)
    assert alice.sees(cast.bob) == "online"
    await time.kill(there)
    await time.pass_time(40)
    assert alice.sees(cast.bob) == "online"
    await time.pass_time(35.5)
    assert alice.sees(cast.bob) == "offline"


# ---- who may know ----


async def test_nobody_sees_whom_they_share_no_channel_with(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    charlie, bob = await here.enter(cast.charlie), await there.enter(cast.bob)
    await here.enter(cast.alice)
    await time.pass_time(2)
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    await there.choose(cast.bob, activity="secret")
    await time.pass_time(5)
    assert str(cast.bob.pk) not in str(charlie.pushes("presence"))
    assert charlie.pushes("typing") == []


async def test_after_a_removal_nothing_is_told_though_its_announcement_was_lost(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    bob, alice = await here.enter(cast.bob), await there.enter(cast.alice)
    # Of her other device its process says what it knows: less.
    await here.enter(cast.alice)
    await time.pass_time(2)
    assert bob.sees(cast.alice) == "online"
    await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
    # The process of alice knows of it, that of bob does not.
    await there.node.check_positions()
    there.presence.told_typing(alice.socket, cast.team.pk, is_on=True)
    await there.choose(cast.alice, status="busy")
    await time.pass_time(3)
    assert bob.sees(cast.alice) == "online"
    assert bob.pushes("typing") == []
    await here.node.check_positions()
    told = len(bob.listener.frames)
    await time.pass_time(5)
    assert len(bob.listener.frames) == told


async def test_who_joins_a_channel_sees_and_is_seen(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice, charlie = await here.enter(cast.alice), await there.enter(cast.charlie)
    await time.pass_time(2)
    await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
    for process in (here, there):
        process.hear(Opened(user_id=cast.charlie.pk, channel_id=cast.team.pk, action="joined"))
    await here.node.check_positions()
    await expect(lambda: cast.team.pk in charlie.socket.accesses)
    await time.pass_time(3)
    assert alice.sees(cast.charlie) == charlie.sees(cast.alice) == "online"


# ---- Redis comes and goes ----


async def test_a_flushed_redis_is_filled_again_and_nobody_seems_offline(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(40)
    told = len(alice.pushes("presence"))
    await time.flush_redis()
    await time.pass_time(8)
    # A process that has never heard of anybody finds everybody.
    late = await time.start().enter(cast.alice)
    await time.pass_time(2)
    assert alice.sees(cast.bob) == late.sees(cast.bob) == bob.sees(cast.alice) == "online"
    assert len(alice.pushes("presence")) == told


async def test_what_redis_has_evicted_is_heard_with_the_next_beat(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice = await here.enter(cast.alice)
    await time.pass_time(2)
    await there.enter(cast.bob)
    await there.tick()
    await there.presence.roster.redis.delete(f"{time.prefix}batches")
    await time.pass_time(2)
    assert alice.sees(cast.bob) == "offline"
    await time.pass_time(30)
    assert alice.sees(cast.bob) == "online"


@pytest.mark.parametrize("seconds", [10, 100])
async def test_without_redis_presence_is_unknown_and_never_offline(
    here: Process, there: Process, time: Stage, cast: Cast, seconds: float
) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(40)
    for process in time.processes:
        process.cut_redis()
    await time.pass_time(4)
    assert alice.sees(cast.bob) == "online"
    await time.pass_time(seconds)
    assert alice.sees(cast.bob) == "unknown"
    late = await here.enter(cast.alice)
    assert late.sees(cast.bob) == late.sees(cast.charlie) == "unknown"
    assert here.presence.state_of(cast.charlie.pk).status == "unknown"
    before = len(alice.pushes("presence"))
    for process in time.processes:
        process.mend_redis()
    await time.pass_time(8)
    assert alice.sees(cast.bob) == bob.sees(cast.alice) == late.sees(cast.bob) == "online"
    assert "offline" not in str(alice.pushes("presence")[before:])
    assert late.sees(cast.charlie) == "offline"
    # A person who leaves while Redis is away has gone when it is back, not when the lease ends.
    for process in time.processes:
        process.cut_redis()
    await there.leave(bob)
    await time.pass_time(2)
    for process in time.processes:
        process.mend_redis()
    await time.pass_time(15)
    assert alice.sees(cast.bob) == "offline"


async def test_clocks_five_minutes_apart_make_no_difference(here: Process, time: Stage, cast: Cast) -> None:
    early, late = time.start(clock_ahead=-300), time.start(clock_ahead=300)
    alice, bob = await early.enter(cast.alice), await late.enter(cast.bob)
    await time.pass_time(2)
    late.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    await time.pass_time(2)
    assert (alice.sees(cast.bob), alice.typing(cast.team.pk)) == ("online", [cast.bob.pk])
    await time.pass_time(90)
    assert (alice.sees(cast.bob), alice.typing(cast.team.pk)) == ("online", [])
    await late.leave(bob)
    await time.pass_time(7)
    assert alice.sees(cast.bob) == "offline"


async def test_what_redis_keeps_of_people_ends_by_itself(here: Process, time: Stage, cast: Cast) -> None:
    bob = await here.enter(cast.bob)
    for n in range(4):
        here.presence.told_idle(bob.socket, is_idle=n % 2 == 0)
        await time.pass_time(1)
    redis = here.presence.roster.redis
    keys = [key async for key in redis.scan_iter(match=f"{time.prefix}*", count=1000)]
    assert await redis.hexists(f"{time.prefix}people:{here.presence.roster.process}", str(cast.bob.pk))
    assert min([await redis.pttl(key) for key in keys]) > settings.LIMITS.present_seconds * 1000


# ---- bounds ----


async def test_who_was_behind_gets_everything_later(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    alice.listener.unsent_bytes = 1001
    await there.choose(cast.bob, status="busy")
    await time.pass_time(3)
    assert alice.sees(cast.bob) == "online"
    alice.listener.unsent_bytes = 1000
    await time.pass_time(2)
    assert (alice.sees(cast.bob), bob.sees(cast.bob)) == ("busy", "busy")


async def test_many_who_come_at_once_are_one_push_and_no_query(
    here: Process, there: Process, time: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "MOST_SAID", 8)
    monkeypatch.setattr(view, "MOST_DEPARTED", 3)
    crowd = [await in_thread(services.create_user, f"crowd{n}") for n in range(20)]
    channel = await in_thread(services.open_channel, cast.alice, name="crowd", members=crowd)
    alice = await here.enter(cast.alice)
    await time.pass_time(31)
    devices = [await there.enter(user) for user in crowd]
    queries: list[object] = []
    monkeypatch.setattr(there.node.threads, "run", queries.append)
    monkeypatch.setattr(here.node.threads, "run", queries.append)
    told = len(alice.pushes("presence"))
    await time.pass_time(2)
    assert channel.pk in alice.socket.accesses
    assert len(alice.pushes("presence")) == told + 1
    assert all(alice.sees(device.user) == "online" for device in devices)
    for device in devices:
        there.presence.left(device.socket)
    await time.pass_time(7)
    assert all(alice.sees(device.user) == "offline" for device in devices)
    assert sum(here.presence.state_of(user.pk).last_seen is not None for user in crowd) == 3
    assert queries == []


@pytest.mark.holds("presence_push_seconds")
async def test_changes_of_one_second_go_out_together(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice = await here.enter(cast.alice)
    bob = await there.enter(cast.bob)
    await time.pass_time(3)
    before = len(alice.pushes("presence"))
    for n in range(40):
        there.presence.told_idle(bob.socket, is_idle=n % 2 == 0)
        await time.pass_time(0.25, step=0.25)
    assert 9 <= len(alice.pushes("presence")) - before <= 11


@pytest.mark.holds("presence_write_seconds")
async def test_who_was_seen_is_written_once_a_minute(here: Process, time: Stage, cast: Cast) -> None:
    await here.enter(cast.bob)
    member = Member.objects.filter(channel=cast.team, user=cast.bob)
    await time.pass_time(59)
    assert (await in_thread(member.get)).last_seen is None
    await time.pass_time(2)
    await expect(lambda: in_thread(member.filter(status="online", last_seen__isnull=False).exists))


@pytest.mark.holds("away_seconds")
async def test_hello_tells_clients_when_to_say_what(server: object, cast: Cast) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:  # type: ignore[attr-defined]
        limits = alice.hello["limits"]
        assert (limits["away_seconds"], limits["typing_again_seconds"]) == (300, 3)
        assert alice.hello["presence"] == {"status": "online", "activity": "", "shows_typing": True}


@pytest.mark.holds("activity_characters")
@pytest.mark.parametrize(("length", "is_taken"), [(80, True), (81, False)])
def test_an_activity_has_eighty_characters(cast: Cast, length: int, is_taken: bool) -> None:
    if is_taken:
        assert services.choose_presence(cast.bob, activity="é" * length).activity == "é" * length
    else:
        with pytest.raises(Invalid):
            services.choose_presence(cast.bob, activity="é" * length)
