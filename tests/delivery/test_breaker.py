"""The circuit breaker: closed, open, half-open; the clock is moved, not waited for."""

import asyncio

import pytest

from delivery.breaker import Breaker, BreakerOpen

pytestmark = pytest.mark.fast


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def fail() -> None:
    raise OSError


async def succeed() -> str:
    return "fine"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("tests", failures=2, pause_seconds=1, clock=clock)


async def fail_once(breaker: Breaker) -> None:
    with pytest.raises(OSError):
        await breaker.call(fail, counts=(OSError,))


async def test_after_enough_failures_nothing_is_called(breaker: Breaker) -> None:
    await fail_once(breaker)
    assert await breaker.call(succeed, counts=(OSError,)) == "fine"
    await fail_once(breaker)
    await fail_once(breaker)
    assert not breaker.is_closed
    with pytest.raises(BreakerOpen):
        await breaker.call(succeed, counts=(OSError,))


async def test_after_the_pause_one_call_tries_and_others_do_not(breaker: Breaker, clock: Clock) -> None:
    await fail_once(breaker)
    await fail_once(breaker)
    clock.now = 1.0
    going = asyncio.Event()

    async def slow() -> str:
        await going.wait()
        return "back"

    trial = asyncio.ensure_future(breaker.call(slow, counts=(OSError,)))
    await asyncio.sleep(0)
    with pytest.raises(BreakerOpen):
        await breaker.call(succeed, counts=(OSError,))
    going.set()
    assert await trial == "back"
    assert breaker.is_closed


async def test_a_failed_trial_opens_it_again(breaker: Breaker, clock: Clock) -> None:
    await fail_once(breaker)
    await fail_once(breaker)
    clock.now = 1.0
    await fail_once(breaker)
    clock.now = 1.9
    with pytest.raises(BreakerOpen):
        await breaker.call(succeed, counts=(OSError,))


async def test_a_cancelled_call_says_nothing(breaker: Breaker, clock: Clock) -> None:
    await fail_once(breaker)
    await fail_once(breaker)
    clock.now = 1.0
    trial = asyncio.ensure_future(breaker.call(asyncio.Event().wait, counts=(OSError,)))
    await asyncio.sleep(0)
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    assert not breaker.is_closed
    assert await breaker.call(succeed, counts=(OSError,)) == "fine"


async def test_other_errors_are_no_failures(breaker: Breaker) -> None:
    async def mistake() -> None:
        raise ValueError

    for _ in range(5):
        with pytest.raises(ValueError):
            await breaker.call(mistake, counts=(OSError,))
    assert breaker.is_closed
