"""Lanes and the committer, over real rows."""

import asyncio
import contextlib
import threading
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from django.conf import settings

from chat import services
from chat.live.source import ChatSource
from chat.models import Channel, Message
from chat.services import Draft
from delivery.node import Node
from delivery.source import Committed, LaneDraft
from delivery.wire.errors import Internal, NotFound, QueueFull, Refused, Unavailable
from tests.conftest import Cast, in_thread, locked
from tests.stage.servers import expect


@pytest.fixture
async def node(transactional_db: None) -> AsyncIterator[Node]:
    # A busy machine has its time; the one test that is about these seconds sets them.
    node = Node(ChatSource(), replace(settings.LIMITS, commit_seconds=60), database_threads=4)
    yield node
    await node.nursery.end()
    node.close_threads()


def draft(cast: Cast, body: str, *, channel: int | None = None) -> Draft:
    return Draft(channel=channel or cast.team.pk, sender=cast.alice.pk, client_msg_id=uuid.uuid4(), body=body)


def sizes(node: Node, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches that are committed from now on."""
    seen: list[int] = []
    commit = node.committer.commit

    async def counted(drafts: Sequence[LaneDraft]) -> list[Committed | Refused]:
        seen.append(len(drafts))
        return await commit(drafts)

    monkeypatch.setattr(node.queue, "_commit", counted)
    return seen


async def test_alone_a_message_goes_at_once(node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = sizes(node, monkeypatch)
    await node.queue.submit(draft(cast, "alone"))
    assert batches == [1]


def held(node: Node, monkeypatch: pytest.MonkeyPatch, channel: Channel) -> asyncio.Event:
    """Batches of this channel are committed when the event is set: as behind a row that is locked, but nobody gives up waiting."""
    goes_on, commit = asyncio.Event(), node.queue._commit

    async def later(drafts: Sequence[LaneDraft]) -> list[Committed | Refused]:
        if drafts[0].channel_id == channel.pk:
            await goes_on.wait()
        return await commit(drafts)

    monkeypatch.setattr(node.queue, "_commit", later)
    return goes_on


@pytest.mark.holds("batch")
async def test_what_waits_meanwhile_becomes_batches_of_fifty(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = sizes(node, monkeypatch)
    goes_on = held(node, monkeypatch, cast.team)
    first = node.queue.submit(draft(cast, "0"))
    await asyncio.sleep(0)
    rest = [node.queue.submit(draft(cast, f"{n}")) for n in range(1, 121)]
    goes_on.set()
    await asyncio.gather(first, *rest)
    assert batches == [1, 50, 50, 20]
    rows = await in_thread(
        lambda: list(Message.objects.filter(kind="text").order_by("seq").values_list("body", flat=True))
    )
    assert rows == [f"{n}" for n in range(121)]


@pytest.mark.holds("lane_waiting")
async def test_a_thousand_wait_and_the_next_is_refused(node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = held(node, monkeypatch, cast.team)
    taken = node.queue.submit(draft(cast, "being committed"))
    await asyncio.sleep(0)
    waiting = [node.queue.submit(draft(cast, f"{n}")) for n in range(1000)]
    with pytest.raises(QueueFull) as refused:
        node.queue.submit(draft(cast, "too many"))
    assert refused.value.retry_after
    goes_on.set()
    await asyncio.gather(taken, *waiting)
    assert await in_thread(Message.objects.filter(kind="text").count) == 1001


async def test_a_full_lane_holds_up_no_other(node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    other, _ = await in_thread(services.open_direct_channel, cast.alice, others=[cast.bob])
    goes_on = held(node, monkeypatch, cast.team)
    waits = node.queue.submit(draft(cast, "waits"))
    await node.queue.submit(draft(cast, "passes", channel=other.pk))
    assert not waits.done()
    goes_on.set()
    await waits


async def test_each_draft_has_its_own_outcome(node: Node, cast: Cast) -> None:
    outcomes = await asyncio.gather(
        node.queue.submit(draft(cast, "fine")),
        node.queue.submit(draft(cast, "nowhere", channel=10**9)),
        return_exceptions=True,
    )
    assert not isinstance(outcomes[0], BaseException)
    assert isinstance(outcomes[1], NotFound)


async def test_a_row_that_stays_locked_is_answered_unavailable(node: Node, cast: Cast) -> None:
    with locked(cast.team):
        first = node.queue.submit(draft(cast, "waits in vain"))
        await asyncio.sleep(0)
        behind = node.queue.submit(draft(cast, "behind it"))
        for outcome in (first, behind):
            with pytest.raises(Unavailable) as refused:
                await outcome
            assert refused.value.retry_after
        # The others are not kept waiting for PostgreSQL to "come back".
        other, _ = await in_thread(services.open_direct_channel, cast.alice, others=[cast.bob])
        await node.queue.submit(draft(cast, "passes", channel=other.pk))
    assert node.queue.length == 0


@pytest.mark.holds("commit_seconds")
async def test_a_database_that_stands_still_is_answered_unavailable_in_time(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.committer.seconds = 1
    commit, stands_still, asked = node.source.commit, threading.Event(), list[str]()

    def late(drafts: Sequence[Draft]) -> object:
        asked.append(drafts[0].body)
        stands_still.wait()
        return commit(drafts)

    first = draft(cast, "late")
    with monkeypatch.context() as frozen:
        frozen.setattr(node.source, "commit", late)
        # The second after which PostgreSQL is asked again is not over before the next is said.
        frozen.setattr(node.committer._breaker, "_clock", lambda: 0.0)
        try:
            with pytest.raises(Unavailable):
                await node.queue.submit(first)
            # Nor is it asked again at once.
            with pytest.raises(Unavailable):
                await node.queue.submit(draft(cast, "while it is away"))
            assert asked == ["late"]
        finally:
            stands_still.set()
        await expect(lambda: in_thread(Message.objects.filter(body="late").exists))
    # Said again until the breaker lets it through, it is the same message.
    again = await expect(lambda: accepted(node, first))
    assert again.duplicate


async def accepted(node: Node, said: Draft) -> Committed | None:
    with contextlib.suppress(Unavailable):
        return await node.queue.submit(said)
    return None


async def test_a_mistake_of_ours_is_answered_and_the_lane_goes_on(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(drafts: Sequence[Draft]) -> object:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(node.source, "commit", fail)
        with pytest.raises(Internal) as refused:
            await node.queue.submit(draft(cast, "unlucky"))
    assert refused.value.reference
    await node.queue.submit(draft(cast, "lucky"))


async def test_flushed_means_that_nothing_waits(node: Node, cast: Cast) -> None:
    outcomes = [node.queue.submit(draft(cast, f"{n}")) for n in range(60)]
    await node.queue.flushed()
    assert all(outcome.done() for outcome in outcomes)
    assert node.queue.length == 0
