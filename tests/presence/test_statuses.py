"""How the statuses of a person's devices combine with what the person has chosen."""

import pytest

from chat import services
from chat.models import Member
from tests.conftest import Cast, in_thread
from tests.stage.presence_stage import Process, Stage


async def test_away_only_when_all_devices_are_idle(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice, phone, laptop = await here.enter(cast.alice), await here.enter(cast.bob), await there.enter(cast.bob)
    here.presence.told_idle(phone.socket, is_idle=True)
    await time.pass_time(2)
    assert alice.sees(cast.bob) == "online"
    there.presence.told_idle(laptop.socket, is_idle=True)
    await time.pass_time(2)
    assert alice.sees(cast.bob) == "away"
    here.presence.told_idle(phone.socket, is_idle=False)
    await time.pass_time(2)
    assert alice.sees(cast.bob) == "online"
    # The one device that was not idle goes.
    tablet = await there.enter(cast.bob)
    await here.leave(phone)
    await time.pass_time(7)
    assert alice.sees(cast.bob) == "online"
    await there.leave(tablet)
    await time.pass_time(2)
    assert alice.sees(cast.bob) == "away"


@pytest.mark.parametrize("status", ["busy", "away"])
async def test_what_is_chosen_holds_on_every_device(
    here: Process, there: Process, time: Stage, cast: Cast, status: str
) -> None:
    alice, phone = await here.enter(cast.alice), await here.enter(cast.bob)
    laptop = await there.enter(cast.bob)
    await time.pass_time(2)
    # The other process still has the older choice when it says what has changed there.
    older = await in_thread(services.choose_presence, cast.bob, activity="reading one")
    await here.choose(cast.bob, status=status, activity="writing a book")
    # A late announcement.
    here.presence.chosen(cast.bob.pk, older)
    here.presence.told_idle(phone.socket, is_idle=True)
    there.presence.told_idle(laptop.socket, is_idle=True)
    await time.pass_time(3)
    state = {"status": status, "activity": "writing a book", "last_seen": None}
    assert alice.state(cast.bob) == phone.state(cast.bob) == laptop.state(cast.bob) == state
    own = {"status": status, "activity": "writing a book", "shows_typing": True}
    assert phone.pushes("presence")[-1]["own"] == laptop.pushes("presence")[-1]["own"] == own
    # It is in the rows, so it is there after everything else is gone.
    await time.flush_redis()
    await here.leave(phone)
    await there.leave(laptop)
    await time.pass_time(10)
    await here.enter(cast.bob)
    await time.pass_time(2)
    assert alice.state(cast.bob) == state


async def test_the_invisible_are_offline_everywhere(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    await there.choose(cast.bob, status="invisible", activity="hiding")
    await time.pass_time(2)
    seen = alice.state(cast.bob)
    assert (seen["status"], seen["activity"]) == ("offline", "")
    told = len(alice.listener.frames)
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    there.presence.told_idle(bob.socket, is_idle=True)
    phone = await here.enter(cast.bob)
    await time.pass_time(90)
    await there.leave(bob)
    await time.flush_redis()
    await time.pass_time(90)
    assert len(alice.listener.frames) == told
    # The roster of a newcomer, and what this process would say over HTTP.
    again = await here.enter(cast.alice)
    assert again.sees(cast.bob) == "offline"
    assert here.presence.state_of(cast.bob.pk).last_seen == seen["last_seen"]
    # To themselves they are what they chose.
    assert (phone.sees(cast.bob), phone.state(cast.bob)["activity"]) == ("invisible", "hiding")
    row = await in_thread(Member.objects.get, channel=cast.team, user=cast.bob)
    assert (row.status, row.last_typing) == ("offline", None)
    await here.choose(cast.bob, status="online")
    await time.pass_time(2)
    assert alice.sees(cast.bob) == "online"


async def test_nobody_invisible_is_shown_by_a_process_that_has_not_heard_of_it(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice = await here.enter(cast.alice)
    await there.enter(cast.bob)
    await time.pass_time(40)
    await in_thread(services.choose_presence, cast.bob, status="invisible")
    await time.flush_redis()
    told = len(alice.pushes("presence"))
    await time.pass_time(2)
    assert alice.sees(cast.bob) == "offline"
    assert all(
        frame["users"].get(str(cast.bob.pk), {}).get("status") != "online" for frame in alice.pushes("presence")[told:]
    )
