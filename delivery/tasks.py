"""Background tasks: started in one nursery a process, ended with it, and cancelled again until they have ended."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ParamSpec, TypeVar

from delivery import metrics

logger = logging.getLogger("gapless.tasks")

P = ParamSpec("P")
T = TypeVar("T")

#: A task that has not ended after so many seconds is cancelled again.
AGAIN_SECONDS = 0.2
#: A task that ended with an error is started again after so many seconds, then after twice as many, up to the maximum.
FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.5, 8.0
#: Of this process, so that those of one machine don't all wake at once.
_PHASE_MS = random.randrange(1000)
#: A wake-up that is early by up to this share of the time counts as its beat.
_EARLY = 20


class Nursery:
    """The background tasks of one event loop. Its owner ends it before anything that the tasks use."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Starts a task that the caller awaits; its errors are the caller's."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def leave(self, work: Coroutine[Any, Any, None]) -> None:
        """Starts a task that nobody awaits: its errors are logged, and the position check repairs their effect."""
        self.start(_logged(work))

    def keep(
        self, work: Callable[P, Coroutine[Any, Any, None]], /, *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Task[None]:
        """Runs a function until it returns or the nursery ends; after an unexpected error it is started again."""
        return self.start(_kept(lambda: work(*args, **kwargs), name=work.__qualname__))

    async def end(self) -> None:
        """Cancels all tasks, and returns when they have ended. Repeating is safe."""
        while self._tasks:
            await end(self._tasks)


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels these tasks, and returns when all have ended; their errors are ignored.

    One cancellation is not enough: a wait with a timeout can swallow it when both come at once (cpython#86296), and libraries
    wait so.
    """
    ending = set(tasks)
    while ending:
        for task in ending:
            task.cancel()
        done, ending = await asyncio.wait(ending, timeout=AGAIN_SECONDS)
        await asyncio.gather(*done, return_exceptions=True)


def until_beat(every_seconds: float) -> float:
    """Seconds until the next beat of this process, one every `every_seconds`; on a beat, until the one after it."""
    every, now = round(every_seconds * 1000), round(asyncio.get_running_loop().time() * 1000) + _PHASE_MS
    early = every // _EARLY + 1
    return (every - (now + early) % every + early) / 1000


async def beat(every_seconds: float) -> float:
    """Sleeps until the next beat, so that a process wakes once for all its repeated checks: separate wake-ups cost more.

    Returns the delay of the event loop: by how many seconds it woke up late."""
    loop = asyncio.get_running_loop()
    due = loop.time() + (seconds := until_beat(every_seconds))
    await asyncio.sleep(seconds)
    return max(0.0, loop.time() - due)


async def answer_within(seconds: float, question: Coroutine[Any, Any, T]) -> T:
    """Awaits the answer of another process or service. Raises TimeoutError if it takes longer than `seconds`.

    If this loop itself was late, it waits again for as long as it was late, at most `seconds`.
    """
    loop = asyncio.get_running_loop()
    asking, due = asyncio.ensure_future(question), loop.time() + seconds
    try:
        await asyncio.wait({asking}, timeout=seconds)
        if not asking.done():
            await asyncio.wait({asking}, timeout=min(seconds, loop.time() - due))
        if not asking.done():
            raise TimeoutError
        return asking.result()
    finally:
        if not asking.done():
            await end([asking])


async def _kept(work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None:
    loop, pause = asyncio.get_running_loop(), FIRST_PAUSE_SECONDS
    while True:
        began_at = loop.time()
        try:
            await work()
        except (Exception, asyncio.CancelledError) as error:
            # What it waited for can have been cancelled, too: that ends it as any error does.
            if _is_asked_to_end():
                raise
            metrics.tasks_begun_again.inc()
            logger.error("%s has ended, and is begun again", name, exc_info=error)
        else:
            return
        if loop.time() - began_at > MOST_PAUSE_SECONDS:
            pause = FIRST_PAUSE_SECONDS
        await asyncio.sleep(pause)
        pause = min(2 * pause, MOST_PAUSE_SECONDS)


def _is_asked_to_end() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:
        logger.warning("background work failed, the position check will heal it: %r", error)
