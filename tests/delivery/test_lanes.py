"""Lanes of several processes that post to one channel: under load their batches take turns, and only then."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence

import pytest
from django.conf import settings

from chat.live.source import ChatSource
from chat.services import Draft
from delivery.bus.announcements import Changed, event_of
from delivery.commit import lanes
from delivery.commit.lanes import CROWD, Lane
from delivery.node import Node
from delivery.source import Committed, LaneDraft
from delivery.wire.errors import Refused

BATCH = 10


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no turn is over because this machine is slow."""
    monkeypatch.setattr(lanes, "TIMES_OURS", 1_000_000_000)
    monkeypatch.setattr(lanes, "MOST_TURN_SECONDS", 60)


@pytest.fixture
async def lane() -> Lane[int]:
    """One of which a batch was taken, and is being committed."""
    lane = Lane[int](BATCH)
    fill(lane, CROWD)
    lane.take()
    return lane


def fill(lane: Lane[int], count: int) -> None:
    for number in range(count):
        lane.add(number)


async def has_turn(turn: "asyncio.Task[None]") -> bool:
    for _ in range(3):
        await asyncio.sleep(0)
    return turn.done()


async def test_where_nobody_else_posts_the_next_batch_goes_at_once(lane: Lane[int]) -> None:
    fill(lane, 1)
    assert await has_turn(asyncio.ensure_future(lane.turn()))


async def test_a_batch_waits_until_the_other_process_has_committed_its_own(lane: Lane[int]) -> None:
    lane.hear()
    fill(lane, 1)
    turn = asyncio.ensure_future(lane.turn())
    assert not await has_turn(turn)
    fill(lane, CROWD)
    assert not await has_turn(turn)
    lane.hear()
    assert await has_turn(turn)
    assert len(lane.take()) == CROWD + 1


async def test_they_take_turns_as_long_as_both_post(lane: Lane[int]) -> None:
    for _ in range(3):
        # Heard before ours was taken, and not while it is committed: it is the other's turn now.
        lane.hear()
        fill(lane, CROWD)
        lane.take()
        turn = asyncio.ensure_future(lane.turn())
        assert not await has_turn(turn)
        lane.hear()
        assert await has_turn(turn)


async def test_a_full_batch_waits_for_nobody(lane: Lane[int]) -> None:
    lane.hear()
    turn = asyncio.ensure_future(lane.turn())
    assert not await has_turn(turn)
    fill(lane, BATCH)
    assert await has_turn(turn)
    lane.take()
    fill(lane, BATCH)
    assert await has_turn(asyncio.ensure_future(lane.turn()))


async def test_without_load_nobody_waits(lane: Lane[int]) -> None:
    lane.hear()
    fill(lane, CROWD - 1)
    lane.take()
    lane.hear()
    assert await has_turn(asyncio.ensure_future(lane.turn()))


async def test_one_that_posts_no_more_is_not_waited_for(lane: Lane[int], monkeypatch: pytest.MonkeyPatch) -> None:
    lane.hear()
    fill(lane, CROWD)
    monkeypatch.setattr(lanes, "MOST_TURN_SECONDS", 0)
    # Nothing is heard, and the time is over.
    await lane.turn()
    monkeypatch.setattr(lanes, "MOST_TURN_SECONDS", 60)
    for _ in range(2):
        fill(lane, CROWD)
        lane.take()
    assert await has_turn(asyncio.ensure_future(lane.turn()))


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    node = Node(ChatSource(), settings.LIMITS, database_threads=4)
    yield node
    await node.nursery.end()
    node.close_threads()


async def test_what_comes_through_redis_is_what_others_have_committed(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    may_commit = asyncio.Semaphore(0)

    async def commit(drafts: Sequence[LaneDraft]) -> list[Committed | Refused]:
        batches.append(len(drafts))
        await may_commit.acquire()
        return [Committed(raw=b"{}", duplicate=False)] * len(drafts)

    monkeypatch.setattr(node.queue, "_commit", commit)

    def post(count: int) -> list["asyncio.Future[Committed]"]:
        return [
            node.queue.submit(Draft(channel=1, sender=1, client_msg_id=uuid.uuid4(), body="said")) for _ in range(count)
        ]

    theirs = event_of(Changed(channel_id=1, after=0, head=1, changes=[]), process="another")
    first = post(CROWD)
    await asyncio.sleep(0)
    node.bus._take(theirs)
    second = post(CROWD)
    may_commit.release()
    await asyncio.gather(*first)
    third = post(CROWD)
    assert batches == [CROWD]
    node.bus._take(theirs)
    may_commit.release()
    await asyncio.gather(*second, *third)
    assert batches == [CROWD, 2 * CROWD]
