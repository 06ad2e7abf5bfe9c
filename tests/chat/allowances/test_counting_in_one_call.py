"""Allowances counted at one moment go to Redis in one call, with the same results as one by one."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
import redis
from django.conf import settings

from chat.allowances import window
from chat.allowances.table import MESSAGES
from chat.allowances.window import LoopWindows, Windows


@pytest.fixture
async def windows(cast: object, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LoopWindows]:
    """Their Redis may take the time that a busy machine takes; what happens when it takes too long has tests of its own."""
    monkeypatch.setattr(window, "PATIENCE_SECONDS", 10)
    windows = LoopWindows(Windows())
    yield windows
    await windows.close()


async def admitted(windows: LoopWindows, whose: int, count: int) -> int:
    answers = await asyncio.gather(*(windows.ask(MESSAGES, whose, f"{n}") for n in range(count)))
    return sum(wait < 0 for wait, _ in answers)


async def test_of_sixty_and_one_at_once_sixty_are_admitted(windows: LoopWindows) -> None:
    assert await admitted(windows, 10**9 + 1, 61) == 60


async def test_two_processes_together_admit_sixty(windows: LoopWindows) -> None:
    other = LoopWindows(Windows())
    answers = await asyncio.gather(
        *(one.ask(MESSAGES, 10**9 + 2, f"{n} {id(one)}") for n in range(40) for one in (windows, other))
    )
    assert sum(wait < 0 for wait, _ in answers) == 60
    await other.close()


async def test_a_cancelled_wait_keeps_nobody_else_from_the_answer(windows: LoopWindows) -> None:
    asking = [asyncio.ensure_future(windows.ask(MESSAGES, 10**9 + 3, f"{n}")) for n in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    assert [wait for wait, _ in await asyncio.gather(*asking[1:])] == [-1, -1]


async def test_a_redis_that_forgot_the_script_counts_all_the_same(windows: LoopWindows) -> None:
    with redis.from_url(settings.REDIS_URL) as client:
        client.script_flush()
    assert await admitted(windows, 10**9 + 4, 61) == 60


async def test_a_loop_that_is_late_does_not_take_redis_for_away(cast: object, monkeypatch: pytest.MonkeyPatch) -> None:
    async with of_patience(0.5, monkeypatch) as windows:
        asking = asyncio.ensure_future(windows.ask(MESSAGES, 10**9 + 5, "one"))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(time.sleep, 1)
        assert (await asking)[0] == -1
        assert windows._windows.breaker.is_closed


async def test_a_redis_that_is_late_is_not_waited_for(cast: object, monkeypatch: pytest.MonkeyPatch) -> None:
    async with of_patience(0.1, monkeypatch) as windows:
        with redis.from_url(settings.REDIS_URL) as client:
            client.client_pause(2_000)
            started = time.monotonic()
            assert (await windows.ask(MESSAGES, 10**9 + 6, "one"))[0] == -1
            assert time.monotonic() - started < 1
            assert not windows._windows.breaker.is_closed
            client.client_unpause()


@contextlib.asynccontextmanager
async def of_patience(seconds: float, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LoopWindows]:
    monkeypatch.setattr(window, "PATIENCE_SECONDS", 10)
    sync = Windows()
    monkeypatch.setattr(window, "PATIENCE_SECONDS", seconds)
    windows = LoopWindows(sync)
    await windows.prepare()
    yield windows
    await windows.close()
