"""Reads by the event loop's connections equal those by threads; if a connection fails, a thread takes over."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DataError, connection

from chat import prepared_sql, services
from chat.live.source import ChatSource
from chat.reads.opening import Found, by_session, by_token
from chat.services.channels import open_direct_channel
from delivery.async_sql.connections import LoopConnection
from delivery.node import Node
from delivery.source import Asked, Reading, Rows
from tests.conftest import Cast, in_thread, said
from tests.stage.callers import browser
from tests.stage.pieces import by_single_bytes
from tests.stage.servers import expect


@pytest.fixture
async def node(transactional_db: None) -> AsyncIterator[Node]:
    """With a line for reads that is free."""
    node = Node(ChatSource(), settings.LIMITS, database_threads=6)
    assert await node.reads.read(one) == 1
    await expect(lambda: node.read_connections._free)
    yield node
    await node.nursery.end()
    node.close_threads()


def one() -> Reading[int]:
    [[(found,)]] = yield [("SELECT 1", [])]
    return int(found)


def divided(by: int) -> Reading[Sequence[Rows]]:
    return (yield [("SELECT 'asked'", []), ("SELECT 1 / %s::int", [str(by)])])


def pid() -> Reading[int]:
    [[(found,)]] = yield [("SELECT pg_backend_pid()", [])]
    return int(found)


def plain(found: Found | None) -> Any:
    """But for how far the log was written, which moves by itself."""
    assert found is not None
    opening = found.opening()
    return opening.login, opening.log_position.epoch, opening.accesses, opening.apart


async def test_who_comes_in_is_read_without_a_thread_and_as_a_thread_reads_it(
    node: Node, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lay_out() -> tuple[str, str]:
        open_direct_channel(cast.bob, others=[cast.alice])
        said(cast.alice, cast.team, "@bob one")
        services.block_user(cast.bob, whom=cast.charlie)
        return cast.token(cast.bob), browser("bob").cookies[settings.SESSION_COOKIE_NAME].value

    token, session = await in_thread(lay_out)
    by_thread = [
        await in_thread(prepared_sql.run_reading, reading) for reading in (by_token(token), by_session(session))
    ]
    monkeypatch.setattr(node.reads, "_threads", None)
    by_line = [await node.reads.read(by_token, token), await node.reads.read(by_session, session)]
    assert [plain(found) for found in by_line] == [plain(found) for found in by_thread]
    assert [await node.reads.read(by_token, "none"), await node.reads.read(by_session, "nobodys")] == [None, None]


async def test_a_line_takes_a_statement_again_and_again(node: Node) -> None:
    first, *others = [await node.reads.read(divided, by) for by in (1, 2, 1)]
    assert (first, others) == ([[("asked",)], [(1,)]], [[[("asked",)], [(0,)]], first])
    assert len({await node.reads.read(pid) for _ in range(3)}) == 1


async def test_what_postgresql_refuses_a_line_is_said_by_a_thread(node: Node) -> None:
    line = node.read_connections._free[0]
    with pytest.raises(DataError):
        await node.reads.read(divided, 0)
    assert not line.is_well
    assert await node.reads.read(one) == 1


async def test_a_line_that_is_cut_is_taken_over_by_a_thread(node: Node) -> None:
    [line] = node.read_connections._free
    cut = line._raw.info.backend_pid
    # Nobody has heard yet that it has ended.
    line._loop.remove_reader(line._socket)
    await in_thread(end, cut)
    line._loop.add_reader(line._socket, line._read)
    assert line.is_well
    assert await node.reads.read(pid) != cut
    assert not line.is_well


async def test_a_line_that_nobody_needs_goes_back_as_it_was(node: Node) -> None:
    [line] = node.read_connections._free
    await node.reads.read(divided, 1)
    raw = line._raw
    line.close()
    assert (raw.closed, raw.pgconn.nonblocking, raw.pgconn.pipeline_status) == (False, 0, 0)
    again = LoopConnection(raw)
    # Under a name of its own: the connection knows what was prepared before.
    assert await again.read([("SELECT 'asked'", []), ("SELECT 1 / %s::int", ["1"])]) == [[("asked",)], [(1,)]]
    again._loop.remove_reader(again._socket)
    raw.pgconn.nonblocking = 0


def end(backend: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


async def test_answers_that_come_in_pieces_are_waited_for_to_their_end(tmp_path: Path, transactional_db: None) -> None:
    asked: list[Asked] = [("SELECT %s::text, 1", ["one"]), ("SELECT generate_series(1, %s::int)", ["2"])]
    async with by_single_bytes(tmp_path) as where:
        raw = await in_thread(lambda: psycopg.connect(**where, autocommit=True))
        line = LoopConnection(raw)
        try:
            answers = [await line.read(asked) for _ in range(2)]
        finally:
            raw.close()
    assert (answers, line.is_well) == ([[[("one", 1)], [(1,), (2,)]]] * 2, True)
