"""Who is shown typing, to whom, and how long: real rows and a real Valkey; the clock is moved, not waited for."""

import pytest

from presence.roster import TypingMark
from tests.conftest import Cast, in_thread, said
from tests.stage.nodes import announcements
from tests.stage.presence_stage import Device, Process, Stage


@pytest.mark.holds("typing_seconds")
async def test_a_name_is_shown_typing_for_six_seconds(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    await time.pass_time(2)
    assert alice.typing(cast.team.pk) == [cast.bob.pk]
    # In a process that has begun since, too.
    late = await time.start().enter(cast.alice)
    await time.pass_time(3.5)
    assert alice.typing(cast.team.pk) == late.typing(cast.team.pk) == [cast.bob.pk]
    await time.pass_time(1.5)
    assert alice.typing(cast.team.pk) == late.typing(cast.team.pk) == []


@pytest.mark.holds("typing_again_seconds")
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


async def test_a_message_ends_typing_everywhere_at_once(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    await time.pass_time(1.5)
    assert alice.typing(cast.team.pk) == [cast.bob.pk]
    # Said once more just before the message, heard after it.
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    await there.tick()
    await in_thread(said, cast.bob, cast.team, "said")
    [message] = await in_thread(announcements, cast, above=2)
    for process in (there, here):
        process.hear(message)
    await time.pass_time(1)
    assert alice.typing(cast.team.pk) == []
    await time.pass_time(5)
    assert alice.typing(cast.team.pk) == []
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    await time.pass_time(1.5)
    assert alice.typing(cast.team.pk) == [cast.bob.pk]


async def test_who_sends_files_is_told_from_who_types(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    for is_uploading in (False, True, False):
        there.presence.told_typing(bob.socket, cast.team.pk, is_on=True, is_uploading=is_uploading)
        await time.pass_time(1.5)
        push = alice.pushes("typing")[-1]
        assert push["users"] == [cast.bob.pk]
        assert push.get("uploading", []) == ([cast.bob.pk] if is_uploading else [])


async def test_who_types_in_a_thread_is_told_of_the_thread_and_not_of_the_channel(
    here: Process, there: Process, time: Stage, cast: Cast
) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True, thread_id=812)
    await time.pass_time(1.5)
    assert [(push["users"], push.get("thread")) for push in alice.pushes("typing")] == [([cast.bob.pk], 812)]
    # They go over into the channel: the thread hears that they have gone.
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    await time.pass_time(1.5)
    assert _told(alice) == {812: [], None: [cast.bob.pk]}
    # Another of their devices stops where they typed before: that they type here holds.
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=False, thread_id=812)
    await time.pass_time(1.5)
    assert _told(alice) == {812: [], None: [cast.bob.pk]}
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=False)
    await time.pass_time(1.5)
    assert _told(alice) == {812: [], None: []}


def _told(person: Device) -> dict[int | None, list[int]]:
    """By thread, None for the channel."""
    return {push.get("thread"): push["users"] for push in person.pushes("typing")}


async def test_typing_is_off_for_who_switches_it_off(here: Process, there: Process, time: Stage, cast: Cast) -> None:
    alice, bob = await here.enter(cast.alice), await there.enter(cast.bob)
    await time.pass_time(2)
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    await time.pass_time(1)
    assert alice.typing(cast.team.pk) == [cast.bob.pk]
    await there.choose(cast.bob, shows_typing=False)
    await time.pass_time(1.5)
    assert alice.typing(cast.team.pk) == []
    told = len(bob.pushes("typing"))
    there.presence.told_typing(bob.socket, cast.team.pk, is_on=True)
    here.presence.told_typing(alice.socket, cast.team.pk, is_on=True)
    await time.pass_time(2)
    assert alice.typing(cast.team.pk) == [cast.alice.pk]
    assert len(bob.pushes("typing")) == told


async def test_thousands_may_type_at_once(here: Process, there: Process) -> None:
    # More than Lua passes to one command.
    marks = [TypingMark(channel_id=1, user_id=user, head=1, is_on=True) for user in range(1, 9_001)]
    await there.presence.roster.step()
    await here.presence.roster.step(typing=marks)
    heard = await there.presence.roster.step()
    assert len(heard.typing) == len(marks)
