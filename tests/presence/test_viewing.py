"""Who is told that somebody looks at a support conversation, and how long: real rows and a real Valkey; the clock is moved."""

import pytest

from chat.models import Conversation
from chat.rights.viewing import desk_seen_by
from delivery.wire.errors import Forbidden, NotFound
from tests.conftest import Cast
from tests.stage.presence_stage import Device, Process, Stage
from tests.stage.support import held_by


@pytest.fixture
def conversation(cast: Cast) -> Conversation:
    """Of vera's, held by sam, in an inbox whose agents are sam and bob."""
    return held_by(cast.sam, visitor=cast.vera, others=[cast.bob])


def viewers(device: Device, conversation: Conversation) -> list[int]:
    pushed = [frame for frame in device.pushes("viewing") if frame["channel"] == conversation.pk]
    return list(pushed[-1]["users"]) if pushed else []


async def test_every_agent_of_the_inbox_hears_who_looks_and_the_visitor_does_not(
    here: Process, there: Process, time: Stage, cast: Cast, conversation: Conversation
) -> None:
    sam, bob = await here.enter(cast.sam), await there.enter(cast.bob)
    vera, alice = await here.enter(cast.vera), await there.enter(cast.alice)
    await time.pass_time(2)
    desk = conversation.desk_id
    there.presence.viewing.told(cast.bob.pk, conversation.pk, desk_id=desk, is_on=True)
    await time.pass_time(1.5)
    # bob is in the inbox, and not in the conversation.
    assert viewers(sam, conversation) == viewers(bob, conversation) == [cast.bob.pk]
    late = await time.start().enter(cast.sam)
    await time.pass_time(3.5)
    assert viewers(sam, conversation) == viewers(late, conversation) == [cast.bob.pk]
    await time.pass_time(1.5)
    assert viewers(sam, conversation) == viewers(late, conversation) == []
    here.presence.viewing.told(cast.sam.pk, conversation.pk, desk_id=desk, is_on=True)
    there.presence.viewing.told(cast.bob.pk, conversation.pk, desk_id=desk, is_on=True)
    await time.pass_time(1.5)
    assert viewers(bob, conversation) == sorted([cast.sam.pk, cast.bob.pk])
    there.presence.viewing.told(cast.bob.pk, conversation.pk, desk_id=desk, is_on=False)
    await time.pass_time(1.5)
    assert viewers(sam, conversation) == [cast.sam.pk]
    assert vera.pushes("viewing") == alice.pushes("viewing") == []


async def test_who_goes_on_looking_is_pushed_again_every_three_seconds(
    here: Process, time: Stage, cast: Cast, conversation: Conversation
) -> None:
    sam = await here.enter(cast.sam)
    await time.pass_time(2)
    for _ in range(60):
        here.presence.viewing.told(cast.bob.pk, conversation.pk, desk_id=conversation.desk_id, is_on=True)
        await time.pass_time(0.5)
    assert viewers(sam, conversation) == [cast.bob.pk]
    assert 10 <= len(sam.pushes("viewing")) <= 11


def test_an_agent_of_the_inbox_says_that_they_look_and_nobody_else(cast: Cast, conversation: Conversation) -> None:
    assert desk_seen_by(cast.bob.pk, conversation=conversation.pk) == conversation.desk_id
    with pytest.raises(Forbidden):
        desk_seen_by(cast.vera.pk, conversation=conversation.pk)
    with pytest.raises(NotFound):
        desk_seen_by(cast.alice.pk, conversation=conversation.pk)
