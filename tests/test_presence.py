"""Who is here, what they do, when they were last seen: real rows and a real Valkey; the clock is moved, not waited for."""

from collections.abc import AsyncIterator

import pytest

from chat import services
from chat.models import Member
from delivery.errors import Invalid, RateLimited
from tests.conftest import Cast, in_thread
from tests.presence_stage import Process, Stage, stage


@pytest.fixture
async def here(transactional_db: None, cast: Cast) -> AsyncIterator[Process]:
    async with stage() as found:
        yield found.start()


@pytest.fixture
async def there(here: Process) -> Process:
    return here.stage.start()


@pytest.fixture
def time(here: Process) -> Stage:
    return here.stage


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


async def test_coming_back_within_five_seconds_is_not_noticed(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    told = len(alice.pushes("presence"))
    for process in (here, there, here, there):
        await there.leave(bob) if bob.socket in there.node.hub.users.get(cast.bob.pk, ()) else await here.leave(bob)
        await time.pass_time(4)
        bob = await process.enter(cast.bob)
        await time.pass_time(2)
    assert len(alice.pushes("presence")) == told
    assert alice.sees(cast.bob) == "online"


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


# ---- typing ----


async def test_a_name_is_shown_typing_for_six_seconds(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    await time.pass_time(2)
    assert alice.typing(cast.team.pk) == [cast.bob.pk]
    await time.pass_time(3.5)
    assert alice.typing(cast.team.pk) == [cast.bob.pk]
    await time.pass_time(1.5)
    assert alice.typing(cast.team.pk) == []


async def test_who_goes_on_typing_is_pushed_again_every_three_seconds(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    for _ in range(60):
        there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
        await time.pass_time(0.5)
    assert alice.typing(cast.team.pk) == [cast.bob.pk]
    assert 10 <= len(alice.pushes("typing")) <= 11


# ---- bounds ----


async def test_changes_of_one_second_go_out_together(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice = await here.enter(cast.alice)
    bob = await there.enter(cast.bob)
    await time.pass_time(3)
    before = len(alice.pushes("presence"))
    for n in range(40):
        there.presence.told_idle(bob.socket, is_idle=n % 2 == 0)
        await time.pass_time(0.25, step=0.25)
    assert 9 <= len(alice.pushes("presence")) - before <= 11


async def test_who_was_seen_is_written_once_a_minute(here: Process, time: Stage, cast: Cast) -> None:
    await here.enter(cast.bob)
    member = Member.objects.filter(channel=cast.team, user=cast.bob)
    await time.pass_time(59)
    assert (await in_thread(member.get)).last_seen is None
    await time.pass_time(2)
    row = await in_thread(member.get)
    assert (row.status, row.last_seen is not None) == ("online", True)


async def test_hello_tells_clients_when_to_say_what(server: object, cast: Cast) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:  # type: ignore[attr-defined]
        limits = alice.hello["limits"]
        assert (limits["away_seconds"], limits["typing_again_seconds"]) == (300, 3)
        assert alice.hello["presence"] == {"status": "online", "activity": "", "shows_typing": True}


@pytest.mark.parametrize(("length", "is_taken"), [(80, True), (81, False)])
def test_an_activity_has_eighty_characters(cast: Cast, length: int, is_taken: bool) -> None:
    if is_taken:
        assert services.choose_presence(cast.bob.pk, activity="é" * length).activity == "é" * length
    else:
        with pytest.raises(Invalid):
            services.choose_presence(cast.bob.pk, activity="é" * length)


async def test_twenty_choices_a_minute_and_not_one_more(here: Process, time: Stage, cast: Cast) -> None:
    for _ in range(20):
        here.presence.admit_choice(cast.bob.pk)
    with pytest.raises(RateLimited):
        here.presence.admit_choice(cast.bob.pk)
    await time.pass_time(60, step=60)
    here.presence.admit_choice(cast.bob.pk)
