"""A load test from beginning to end: its five tests, one verdict, and the figures that a report is made of."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from delivery import tasks
from delivery.load.crowd import RETURN_SECONDS, Crowd, Seat
from delivery.load.processes import Usage, usage_of
from delivery.load.tally import Tally, quantiles

#: Each of those who are cut off loses its connection about once in so many seconds.
CUT_EVERY_SECONDS = 5
#: Messages that are said in each channel while some are away.
WHILE_AWAY = 20


@dataclass(frozen=True)
class Plan:
    """What is to be done. `speakers` say `rate` messages a second each; 0: as fast as answers come."""

    clients: int
    speakers: int
    rate: float
    seconds: float
    #: Share of the clients whose connections are cut again and again while the others speak.
    churn: float
    #: What 95 of 100 messages may take from being sent to the last receiver.
    p95_ms: float


@dataclass(frozen=True)
class Verdict:
    name: str
    passed: bool
    says: str


@dataclass
class Sample:
    """Once a second: totals since the beginning."""

    at: float
    answered: int
    deliveries: int
    cpu_seconds: float
    resident_bytes: int


@dataclass
class Outcome:
    plan: Plan
    tests: list[Verdict] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    #: (seconds since the beginning, seconds that it took) of every message.
    latencies: list[tuple[float, float]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return all(test.passed for test in self.tests)

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "plan": asdict(self.plan),
            "tests": [asdict(test) for test in self.tests],
            "figures": self.figures,
        }


#: What is being done, how many steps it has; called again with what was done since.
Tell = Callable[[str, int], Callable[[int], None]]


async def run(plan: Plan, *, url: str, places: Sequence[tuple[str, int]], server: int | None, tell: Tell) -> Outcome:
    """places: (token, channel) of each client. server: the process id whose CPU and memory are measured, if it is here."""
    tally = Tally()
    outcome = Outcome(plan)

    def usage() -> Usage:
        return usage_of(server) if server else Usage(0.0, 0)

    before = usage()
    async with Crowd(url, places, tally=tally) as crowd:
        await _connect(outcome, crowd, tell)
        connected = usage()
        await _speak(outcome, crowd, tell, usage)
        await _order(outcome, crowd)
        await _be_away(outcome, crowd, tell)
    if server:
        outcome.figures["memory_mb"] = {
            "idle": _mb(before), "connected": _mb(connected), "end": round(outcome.samples[-1].resident_bytes / 2**20, 1),
            "kb_a_socket": round((connected.resident_bytes - before.resident_bytes) / plan.clients / 1024, 1),
        }  # fmt: skip
    return outcome


async def _connect(outcome: Outcome, crowd: Crowd, tell: Tell) -> None:
    took = await crowd.arrive(tell("connecting", len(crowd.seats)))
    opening = outcome.figures["opening_ms"] = quantiles(took)
    says = f"{len(took)} at once; p95 {opening['p95']} ms from the handshake to the answered sync"
    outcome.tests.append(Verdict("concurrent connections", len(took) == outcome.plan.clients, says))


async def _speak(outcome: Outcome, crowd: Crowd, tell: Tell, usage: Callable[[], Usage]) -> None:
    plan = outcome.plan
    speakers, cut = _parts(crowd.seats, plan)
    for seat in cut:
        seat.heard.is_steady = False
    before, began_at = usage(), time.perf_counter()
    sampling = asyncio.ensure_future(_sample(outcome, crowd.tally, usage, began_at))
    expected = int(plan.rate * plan.seconds * len(speakers))
    returning = asyncio.ensure_future(
        crowd.cut_off(
            cut, each_seconds=CUT_EVERY_SECONDS, until=began_at + plan.seconds, progress=tell("cut off and back", 0)
        )
    )
    await crowd.speak(speakers, rate=plan.rate, seconds=plan.seconds, progress=tell("sending", expected))
    took = time.perf_counter() - began_at
    returned = await returning
    await crowd.settled()
    await tasks.end([sampling])
    _add_sample(outcome, crowd.tally, usage(), began_at)
    _judge_delivery(outcome, crowd.tally, took=took, began_at=began_at)
    _judge_returns(outcome, returned)
    used = usage().cpu_seconds - before.cpu_seconds
    if used:
        outcome.figures["server_cpu_seconds"] = round(used, 2)
        outcome.figures["server_cpu_us_a_delivery"] = round(used / max(1, crowd.tally.deliveries) * 1e6, 1)


def _parts(seats: Sequence[Seat], plan: Plan) -> tuple[list[Seat], list[Seat]]:
    # Speakers from the front, one a channel first; those who are cut off from the back.
    by_stream: dict[int, list[Seat]] = {}
    for seat in seats:
        by_stream.setdefault(seat.stream, []).append(seat)
    rows = [seat for row in zip(*by_stream.values(), strict=False) for seat in row]
    speakers = rows[: plan.speakers]
    listeners = [seat for seat in seats if seat not in speakers]
    return speakers, listeners[len(listeners) - int(len(seats) * plan.churn) :] if plan.churn else []


async def _sample(outcome: Outcome, tally: Tally, usage: Callable[[], Usage], began_at: float) -> None:
    while True:
        _add_sample(outcome, tally, usage(), began_at)
        await asyncio.sleep(1)


def _add_sample(outcome: Outcome, tally: Tally, used: Usage, began_at: float) -> None:
    outcome.samples.append(
        Sample(
            round(time.perf_counter() - began_at, 2), len(tally.answered_messages), tally.deliveries, used.cpu_seconds,
            used.resident_bytes,
        )
    )  # fmt: skip


def _judge_delivery(outcome: Outcome, tally: Tally, *, took: float, began_at: float) -> None:
    outcome.latencies = [(at - began_at, seconds) for at, seconds in tally.latencies(since=began_at)]
    answered = tally.answered_messages
    delivered = quantiles(seconds for _, seconds in outcome.latencies)
    outcome.figures |= {
        "seconds": round(took, 1),
        "sent": len(tally.sent),
        "answered": len(answered),
        "errors": tally.errors,
        "messages_a_second": round(len(answered) / took, 1),
        "deliveries_a_second": round(tally.deliveries / took, 1),
        "answered_ms": quantiles(sent.answered_at - sent.at for sent in answered),
        "delivered_ms": delivered,
    }
    p95 = delivered["p95"]
    is_fast = p95 is not None and p95 <= outcome.plan.p95_ms and len(answered) == len(tally.sent)
    answers = f"{len(answered)} of {len(tally.sent)} answered"
    says = f"p95 {p95} ms from sending to the last receiver ({outcome.plan.p95_ms:g} allowed), {answers}"
    outcome.tests.append(Verdict("delivery latency", is_fast, says))


def _judge_returns(outcome: Outcome, returned: Sequence[float]) -> None:
    figures = outcome.figures["returned_ms"] = quantiles(returned)
    slowest = figures["max"] or 0
    says = (
        f"{len(returned)} connections cut; back and caught up after {slowest} ms at most ({RETURN_SECONDS} s allowed)"
    )
    outcome.tests.append(Verdict("reconnection", slowest <= RETURN_SECONDS * 1000, says))


async def _order(outcome: Outcome, crowd: Crowd) -> None:
    found = crowd.tally.findings()
    outcome.figures |= asdict(found)
    says = f"{found.lost} lost, {found.doubled} doubled, {found.disordered} out of order, {found.different} different, by number"
    outcome.tests.append(Verdict("ordering", found.is_clean, says))


async def _be_away(outcome: Outcome, crowd: Crowd, tell: Tell) -> None:
    by_stream = {seat.stream: seat for seat in crowd.seats}
    away = [seat for seat in crowd.seats if seat not in by_stream.values()][: max(1, len(crowd.seats) // 10)]
    progress = tell("away and back", len(away))
    await asyncio.gather(*(crowd.leave(seat) for seat in away))
    for _ in range(WHILE_AWAY):
        await asyncio.gather(*(crowd.say(seat) for seat in by_stream.values()))
    for seat in away:
        await crowd.enter(seat)
        progress(1)
    is_whole = await crowd.settled()
    found = crowd.tally.findings()
    outcome.figures |= asdict(found)
    missed = f"{found.lost} lost, {found.doubled} doubled, {found.disordered} out of order"
    says = f"{len(away)} were away for {WHILE_AWAY} messages: {missed}"
    outcome.tests.append(Verdict("offline delivery", is_whole and found.is_clean, says))


def _mb(usage: Usage) -> float:
    return round(usage.resident_bytes / 2**20, 1)
