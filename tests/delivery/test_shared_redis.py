"""One connection to Redis that all commands of an event loop share."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import redis as plain
import uvloop
from django.conf import settings
from redis.exceptions import ConnectionError, NoScriptError, ReadOnlyError, TimeoutError

from delivery.redis import REDIS_AWAY, loop_client
from delivery.redis.shared import SharedRedis
from tests.stage.servers import expect


@pytest.fixture
async def redis(db: None) -> AsyncIterator[SharedRedis]:
    redis = loop_client(settings.REDIS_URL, patience_seconds=5)
    yield redis
    await redis.aclose()


async def test_what_is_asked_at_once_goes_over_one_connection_and_gets_its_own_answer(redis: SharedRedis) -> None:
    assert await asyncio.gather(*(redis.echo(f"{n}") for n in range(100))) == [b"%d" % n for n in range(100)]
    assert len(set(await asyncio.gather(*(redis.client_id() for _ in range(20))))) == 1


async def test_no_timer_is_left_when_nobody_waits_for_an_answer(redis: SharedRedis) -> None:
    await redis.ping()
    line = redis._line
    assert line is not None
    assert line._looking is None
    asking = [asyncio.ensure_future(redis.echo(f"{n}")) for n in range(2)]
    await asyncio.sleep(0)
    assert line._looking is not None
    await asyncio.gather(*asking)
    assert line._looking is None


async def test_who_gives_up_waiting_takes_nobody_elses_answer(redis: SharedRedis) -> None:
    await redis.ping()
    asking = [asyncio.ensure_future(redis.echo(f"{n}")) for n in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    assert await asyncio.gather(*asking[1:]) == [b"1", b"2"]


async def test_what_redis_refuses_is_said_to_who_asked_for_it(redis: SharedRedis) -> None:
    answers = await asyncio.gather(redis.echo("a"), redis.evalsha("0" * 40, 0), redis.echo("b"), return_exceptions=True)
    assert (answers[0], answers[2]) == (b"a", b"b")
    assert isinstance(answers[1], NoScriptError)


async def test_a_connection_that_has_ended_is_made_anew(redis: SharedRedis) -> None:
    first = await redis.client_id()
    with plain.from_url(settings.REDIS_URL) as other:
        asking = asyncio.ensure_future(redis.blpop(["nothing"], 5))
        await asyncio.sleep(0)
        other.client_kill_filter(_id=str(first))
    with pytest.raises(ConnectionError):
        await asking
    assert await redis.client_id() != first


async def test_a_redis_that_stands_still_is_not_waited_for_and_asked_anew_when_it_goes_on(db: None) -> None:
    redis = loop_client(settings.REDIS_URL, patience_seconds=0.1)
    await redis.ping()
    with plain.from_url(settings.REDIS_URL) as other:
        other.client_pause(500)
        answers = await asyncio.gather(*(redis.ping() for _ in range(3)), return_exceptions=True)
        other.ping()
    assert [type(answer) for answer in answers] == [TimeoutError] * 3
    assert await redis.ping()
    await redis.aclose()


async def test_for_as_long_as_this_loop_was_late_redis_is_waited_for_once_more(db: None) -> None:
    redis = loop_client(settings.REDIS_URL, patience_seconds=0.5)
    await redis.ping()
    with plain.from_url(settings.REDIS_URL) as other:
        # It answers after its time, and within what this loop was late.
        other.client_pause(1100)
    asking = asyncio.ensure_future(redis.ping())
    await asyncio.sleep(0)
    time.sleep(0.9)
    assert await asking
    await redis.aclose()


async def test_who_is_no_primary_any_more_is_not_asked_again() -> None:
    connections = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.read(1000):
            writer.write(b"-READONLY You can't write against a read only replica.\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    redis = loop_client(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}?protocol=2")
    for _ in range(2):
        with pytest.raises(ReadOnlyError):
            await redis.set("a", "b")
    assert connections == 2
    await redis.aclose()
    server.close()


async def test_a_redis_that_takes_connections_and_says_nothing_is_waited_for_once_by_all_who_ask_at_once() -> None:
    come: list[asyncio.StreamReader] = []

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        come.append(reader)
        while await reader.read(1000):
            pass
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    redis = loop_client(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", patience_seconds=0.1)
    answers = await asyncio.gather(*(redis.ping() for _ in range(10)), return_exceptions=True)
    assert all(isinstance(answer, REDIS_AWAY) for answer in answers), answers
    assert len(come) == 1
    await expect(come[0].at_eof)
    # The next one tries again.
    with pytest.raises(REDIS_AWAY):
        await redis.ping()
    assert len(come) == 2
    await redis.aclose()
    server.close()


async def test_one_that_has_ended_the_connection_once_it_is_made_is_away() -> None:
    redis = loop_client("redis://127.0.0.1:1")

    async def make() -> Any:
        return SimpleNamespace(is_open=False, close=lambda: None)

    redis._connect = make  # type: ignore[method-assign]
    with pytest.raises(REDIS_AWAY):
        await redis.ping()
    await redis.aclose()


def test_under_uvloop_too_a_connection_that_has_just_gone_is_made_anew(db: None) -> None:
    async def ask() -> None:
        redis = loop_client(settings.REDIS_URL)
        await redis.ping()
        assert redis._line is not None
        redis._line._transport.abort()
        assert await redis.ping()
        await redis.aclose()

    uvloop.run(ask())


def test_under_uvloop_too_one_that_goes_while_it_is_made_is_redis_away(db: None) -> None:
    async def greet() -> None:
        redis = loop_client(settings.REDIS_URL)
        connection = redis.connection_pool.make_connection()
        connect = connection._connect

        async def connect_in_vain() -> None:
            await connect()
            # Redis ends as it does when it is killed: before we have said who we are.
            connection._writer.transport.abort()

        connection._connect = connect_in_vain
        redis.connection_pool.make_connection = lambda: connection
        with pytest.raises(REDIS_AWAY):
            await redis.ping()
        await redis.aclose()

    uvloop.run(greet())
