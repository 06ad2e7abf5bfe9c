"""Commits by the event loop's connections: as durable and exact as by threads, which take over when a connection ends."""

import asyncio
import dataclasses
import threading
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from chat import services
from chat.live.source import ChatSource
from chat.models import Message
from chat.services import Draft
from delivery.async_sql import connections
from delivery.async_sql.connections import LoopConnection
from delivery.bus import announcing
from delivery.bus.announcements import Announcement, Changed
from delivery.node import Node
from delivery.wire.errors import NotAMember, NotFound, Unavailable
from tests.conftest import Cast, in_thread, locked
from tests.stage.locks import until_waiting
from tests.stage.pieces import by_single_bytes
from tests.stage.servers import expect


@pytest.fixture
async def node(transactional_db: None, cast: Cast) -> AsyncIterator[Node]:
    """With a line that is free, and alice known."""
    node = Node(ChatSource(), settings.LIMITS, database_threads=6)
    await node.queue.submit(draft(cast, "by a thread"))
    await expect(lambda: node.commit_connections._free)
    yield node
    await node.nursery.end()
    node.close_threads()


def draft(cast: Cast, body: str, *, key: uuid.UUID | None = None) -> Draft:
    return Draft(channel=cast.team.pk, sender=cast.alice.pk, client_msg_id=key or uuid.uuid4(), body=body)


def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the lines answer from now on."""
    said: list[object] = []
    ask = LoopConnection.ask

    async def listening(self: LoopConnection, question: object) -> object:
        said.append(row := await ask(self, question))  # type: ignore[arg-type]
        return row

    monkeypatch.setattr(LoopConnection, "ask", listening)
    return said


def connecting() -> dict[str, Any]:
    """What psycopg needs for a connection that is not Django's."""
    where = connection.get_connection_params()
    return {name: where[name] for name in ("host", "port", "dbname", "user") if name in where}


async def bodies() -> list[str]:
    return await in_thread(
        lambda: list(Message.objects.filter(kind="text").order_by("seq").values_list("body", flat=True))
    )


@dataclass
class Says:
    """A question without drafts."""

    parameters: list[bytes]
    sql: str = "SELECT $1::text"

    def outcomes(self, row: object) -> None:
        """Nothing was written."""


async def test_an_answer_that_comes_in_pieces_is_waited_for_to_its_end(tmp_path: Path, transactional_db: None) -> None:
    async with by_single_bytes(tmp_path) as where:
        raw = await in_thread(lambda: psycopg.connect(**where, autocommit=True))
        line = LoopConnection(raw)
        try:
            answers = [await line.ask(Says([said])) for said in (b"one", b"two", b"three")]
        finally:
            raw.close()
    assert (answers, line.is_well) == ([[b"one"], [b"two"], [b"three"]], True)


def end(line: LoopConnection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [line._raw.info.backend_pid])


async def test_a_known_senders_message_is_committed_without_a_thread_and_announced(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[Announcement] = []
    monkeypatch.setattr(announcing, "announce", announced.extend)
    monkeypatch.setattr(node.source, "commit", None)
    outcomes = await asyncio.gather(*(node.queue.submit(draft(cast, f"{n}")) for n in range(3)))
    assert [outcome.duplicate for outcome in outcomes] == [False] * 3
    assert await bodies() == ["by a thread", "0", "1", "2"]
    assert [change.raw for each in announced if isinstance(each, Changed) for change in each.changes] == [
        outcome.raw for outcome in outcomes
    ]


async def test_what_is_not_as_it_was_believed_is_decided_again(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = draft(cast, "said twice")
    committed = await node.queue.submit(first)
    said = asked(monkeypatch)
    again = await node.queue.submit(first)
    assert (again.raw, again.duplicate, len(said)) == (committed.raw, True, 1)
    assert (await bodies()).count("said twice") == 1


async def test_a_poison_row_spoils_only_itself(node: Node, cast: Cast) -> None:
    await asyncio.gather(node.queue.submit(draft(cast, "before")), return_exceptions=True)
    outcomes = await asyncio.gather(
        *(node.queue.submit(draft(cast, body)) for body in ("fine", "x" * 3000, "well")), return_exceptions=True
    )
    assert [isinstance(outcome, BaseException) for outcome in outcomes] == [False, True, False]
    assert (await bodies())[-2:] == ["fine", "well"]


async def test_while_a_line_is_waited_for_others_are_committed(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_come = threading.Event()
    monkeypatch.setattr(connections, "_borrowed", lambda: may_come.wait(10))
    # With two lines, and two threads, of which each fetches one when it has committed.
    node = Node(ChatSource(), settings.LIMITS, database_threads=8)
    try:
        for n in range(3):
            await asyncio.wait_for(node.queue.submit(draft(cast, f"{n}")), 5)
    finally:
        may_come.set()
        await node.nursery.end()
        node.close_threads()
    assert await bodies() == ["0", "1", "2"]


async def test_a_second_line_is_fetched_only_while_none_is_free_and_is_used_only_beside_the_first(
    node: Node, cast: Cast
) -> None:
    # More drafts than a line takes: a thread commits them, and the free line stays the only one.
    assert len(await asyncio.gather(*(node.queue.submit(draft(cast, f"{n}")) for n in range(8)))) == 8
    assert not node.commit_connections._is_fetching
    node.commit_connections._most = 2
    first = node.commit_connections.take()
    assert first is not None
    assert not node.commit_connections._free
    node.commit_connections.fetch()
    node.commit_connections.give_back(first)
    await expect(lambda: len(node.commit_connections._free) == 2)
    taken = node.commit_connections.take()
    assert taken is first, "the other has not planned any statement yet"
    node.commit_connections.give_back(taken)


async def test_a_line_that_postgresql_has_ended_is_not_used_again(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    [line] = node.commit_connections._free
    await in_thread(end, line)
    await expect(lambda: not line.is_well)
    said = asked(monkeypatch)
    await node.queue.submit(draft(cast, "by another"))
    assert (said, (await bodies())[-1]) == ([], "by another")


async def test_one_that_is_cut_under_way_leaves_the_outcome_open_and_repeating_is_safe(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, [line] = draft(cast, "cut"), node.commit_connections._free
    given_back: list[object] = []
    pool: Any = connection.pool  # type: ignore[attr-defined]
    put_back = pool.putconn
    monkeypatch.setattr(pool, "putconn", lambda raw: (given_back.append(raw), put_back(raw)))
    with locked(cast.team):
        waiting = node.queue.submit(first)
        await expect(lambda: not node.commit_connections._free)
        await in_thread(end, line)
        with pytest.raises(Unavailable):
            await waiting

    async def is_in() -> bool:
        try:
            await node.queue.submit(first)
        except Unavailable:
            return False
        return True

    await expect(is_in)
    assert (await bodies()).count("cut") == 1
    assert given_back.count(line._raw) == 1, "else the pool has one less for ever"


@pytest.mark.parametrize("way", ["line", "thread"])
async def test_what_fails_at_its_commit_was_not_accepted(node: Node, cast: Cast, way: str) -> None:
    if way == "thread":
        node.commit_connections.close()
    first = await in_thread(lambda: Message.objects.get(body="by a thread").pk)
    with psycopg.connect(**connecting(), autocommit=False) as other:
        # As retention does. That it is answered is looked at again when the rest is done: it waits for the other's end.
        other.execute("DELETE FROM messages WHERE id = %s", [first])
        waiting = node.queue.submit(dataclasses.replace(draft(cast, "answers"), reply_to=first))
        await in_thread(until_waiting, 1)
        other.commit()
    with pytest.raises(NotFound):
        await waiting
    assert await bodies() == []


async def test_a_connection_that_makes_no_line_goes_back(node: Node, cast: Cast) -> None:
    node.commit_connections.close()
    pool: Any = connection.pool  # type: ignore[attr-defined]
    raw = pool.getconn()
    raw.close()
    with pytest.raises(psycopg.OperationalError):
        connections._made(raw)
    await expect(lambda: pool.get_stats()["pool_available"] == pool.get_stats()["pool_size"] - 2)


async def test_a_row_that_stays_locked_is_answered_unavailable(node: Node, cast: Cast) -> None:
    connections = list(node.commit_connections._free)
    with locked(cast.team), pytest.raises(Unavailable):
        await node.queue.submit(draft(cast, "waits in vain"))
    assert await bodies() == ["by a thread"]
    assert connections == node.commit_connections._free != [], "who was refused something is as well as before"


async def test_who_was_removed_meanwhile_posts_nothing(node: Node, cast: Cast) -> None:
    await node.queue.submit(Draft(channel=cast.team.pk, sender=cast.bob.pk, client_msg_id=uuid.uuid4(), body="here"))
    await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
    with pytest.raises((NotAMember, NotFound)):
        await node.queue.submit(
            Draft(channel=cast.team.pk, sender=cast.bob.pk, client_msg_id=uuid.uuid4(), body="and still")
        )
    assert "and still" not in await bodies()
