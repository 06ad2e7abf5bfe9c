"""Strangers at one process' door, without a login: unfinished bodies, heads without end, handshakes of nonsense, silence.

Each is to be answered or hung up on in its time, and the others' p95 over HTTP is measured before and beside them.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psutil

from delivery import tasks
from tests.faults.recovery import percentile
from tests.faults.scenarios.run import Run, scenario
from tests.faults.web import Web
from tests.stage.raw_http import handshake, head, knock, statuses

STRANGERS = {False: 40, True: 200}
#: The others' p95 beside them, in relation to the time before; and what nobody minds.
MOST_SLOWER, UNNOTICED_SECONDS = 3.0, 1.0
#: Beyond the product's own clock: for the last answer to arrive.
HANGING_UP_SECONDS = 7
#: A visit that takes as long was in vain.
VISIT_SECONDS = 10.0
#: What all strangers' heads together may take of a process' memory: 32 KiB each, and what is read at a time.
MOST_GROWN = 64 * 2**20
FEW_DESCRIPTORS, SOCKETS = 256, 300
#: Left to the process for PostgreSQL, Redis and files.
LEFT_DESCRIPTORS = 10

NONSENSE = (
    handshake("Content-Length: 5"),
    handshake("Transfer-Encoding: chunked"),
    handshake("X-Large: " + "x" * 40_000),
    handshake(*(f"X-{n}: y" for n in range(300))),
    handshake(path="/ws/\xff"),
    handshake("Sec-WebSocket-Key: another"),
    handshake(method="POST"),
)


@scenario("strangers", breaks=["places at a stranger's pace"], slowest=2, answer=2)
async def unfinished_bodies(run: Run) -> None:
    """Dozens begin to sign in and send a byte now and then; all get 408 in the end, and nobody waits for them."""
    most = run.cluster.limits.get("request_seconds", 30)
    begun = head("POST /sign-in/", "Content-Length: 1000", "Content-Type: application/x-www-form-urlencoded")
    async with _beside(run, run.webs[0]) as web:
        pieces = [begun, *[b"a"] * (most + HANGING_UP_SECONDS)]
        answers = await _all_knock(run, web, [pieces] * STRANGERS[run.size.is_long], every=1, most=most)
    _expect_statuses(run, answers, {408})


@scenario("strangers", breaks=["heads without bounds"], slowest=2, answer=2)
async def heads_without_end(run: Run) -> None:
    """On fresh and on kept connections: some send as fast as they can, some a few bytes a second; 431 or 408 ends them."""
    most = run.cluster.limits.get("head_seconds", 5)
    endless = head("GET /sign-in/")[:-2] + b"X-Endless: "
    fast = [endless, *[b"x" * 2**16] * 400]
    slow = [endless, *[b"x"] * (most + HANGING_UP_SECONDS)]
    async with _beside(run, run.webs[0]) as web:
        before = _memory(web)
        kept = [[head("GET /healthz"), *pieces] for pieces in (fast, slow)]
        many = STRANGERS[run.size.is_long] // 4
        flood = _all_knock(run, web, [fast, kept[0]] * (many // 2), every=0.01, most=most)
        drip = _all_knock(run, web, [slow, kept[1]] * many, every=1, most=most)
        flooded, dripped = await asyncio.gather(flood, drip)
        grown = _memory(web) - before
    _expect_statuses(run, dripped, {200, 408})
    # Who goes on sending may find the connection reset before it has read why.
    _expect_statuses(run, [answer for answer in flooded if answer], {200, 431})
    if grown > MOST_GROWN:
        run.complain("grown", f"heads took {grown / 2**20:.0f} MiB")


@scenario("strangers", breaks=["handshakes unanswered"], slowest=2, answer=2)
async def handshakes_that_can_not_be_read(run: Run) -> None:
    """Large, many-lined, with bodies, of the wrong kind: each is refused and hung up on, whatever is wrong with it."""
    most = run.cluster.limits.get("head_seconds", 5)
    async with _beside(run, run.webs[0]) as web:
        many = [[NONSENSE[n % len(NONSENSE)]] for n in range(STRANGERS[run.size.is_long])]
        answers = await _all_knock(run, web, many, every=0, most=most)
    _expect_statuses(run, answers, {400, 403, 405, 408, 431})


@scenario("strangers", breaks=["no descriptor kept"], slowest=2, answer=2)
async def more_sockets_than_descriptors(run: Run) -> None:
    """A process may open 256 files, and 300 strangers connect and say nothing: those inside notice nothing."""
    most = run.cluster.limits.get("head_seconds", 5)
    web = run.webs[0]
    assert web.process is not None
    usual = resource.prlimit(web.process.pid, resource.RLIMIT_NOFILE)
    async with run.fault(web.name):
        resource.prlimit(web.process.pid, resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, usual[1]))
        try:
            silent = asyncio.ensure_future(_all_knock(run, web, [[]] * SOCKETS, every=0, most=most))
            await asyncio.sleep(1)
            left = FEW_DESCRIPTORS - psutil.Process(web.process.pid).num_fds()
            answers = await silent
        finally:
            resource.prlimit(web.process.pid, resource.RLIMIT_NOFILE, usual)
    if left < LEFT_DESCRIPTORS:
        run.complain("starved", f"{left} descriptors are left to the process")
    _expect_statuses(run, [answer for answer in answers if answer], {503})


@asynccontextmanager
async def _beside(run: Run, web: Web) -> AsyncIterator[Web]:
    """The others' HTTP goes on within the block, and is compared with how it was before."""
    quiet: list[float] = []
    for _ in range(20):
        await _visit(web, quiet)
    waits: list[float] = []
    visiting = asyncio.ensure_future(_keep_visiting(web, waits))
    async with run.fault(web.name):
        try:
            yield web
        finally:
            await tasks.end([visiting])
    before, beside = percentile(quiet, 95), percentile(waits, 95)
    print(f"the others' p95 over HTTP: {before * 1000:.0f} ms before, {beside * 1000:.0f} ms beside", flush=True)
    run.expect_within(beside, max(MOST_SLOWER * before, UNNOTICED_SECONDS), "the others' HTTP (p95)")


async def _keep_visiting(web: Web, waits: list[float]) -> None:
    while True:
        await _visit(web, waits)
        await asyncio.sleep(0.1)


async def _visit(web: Web, waits: list[float]) -> None:
    asked, seconds = time.monotonic(), VISIT_SECONDS
    try:
        answer = await knock(web.own_port, head("GET /sign-in/", "Connection: close"), patience=VISIT_SECONDS)
        if statuses(answer) == [200]:
            seconds = time.monotonic() - asked
    except asyncio.CancelledError:
        # So long it had not been answered.
        seconds = time.monotonic() - asked
        raise
    except (OSError, TimeoutError):
        pass
    finally:
        waits.append(seconds)


async def _all_knock(
    run: Run, web: Web, strangers: Sequence[Sequence[bytes]], *, every: float, most: float
) -> list[bytes]:
    """What each was answered until it was hung up on; a complaint about those that were not in time."""
    patience = most + HANGING_UP_SECONDS
    knocking = [knock(web.own_port, *pieces, every=every, patience=patience) for pieces in strangers]
    answers = await asyncio.gather(*knocking, return_exceptions=True)
    still_there = sum(isinstance(answer, TimeoutError) for answer in answers)
    if still_there:
        run.complain("late", f"{still_there} of {len(answers)} strangers were still there after {patience:.0f} s")
    return [answer for answer in answers if isinstance(answer, bytes)]


def _expect_statuses(run: Run, answers: Sequence[bytes], allowed: set[int]) -> None:
    odd = [answer[:80] for answer in answers if not statuses(answer) or not set(statuses(answer)) <= allowed]
    if odd:
        run.complain("silent", f"{len(odd)} of {len(answers)} strangers were not answered as they should be", *odd[:5])


def _memory(web: Web) -> int:
    assert web.process is not None
    return int(psutil.Process(web.process.pid).memory_info().rss)
