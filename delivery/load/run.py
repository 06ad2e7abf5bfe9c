"""A load test from beginning to end: its five tests, one verdict, and the figures that a report is made of."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from delivery.load.crowd import RETURN_SECONDS
from delivery.load.generators import Generators
from delivery.load.orders import Count
from delivery.load.processes import ProcessUsage, usage_of
from delivery.load.tally import Tally, quantiles
from delivery.tasks import Nursery

#: Each of those who are cut off loses its connection about once in so many seconds.
CUT_EVERY_SECONDS = 5
#: Messages that are said in each channel while some are away.
WHILE_AWAY = 20
#: Generators are late themselves when the p95 of their event loops' lag is more than this share of the p95 that is allowed.
OWN_SHARE = 0.25


@dataclass(frozen=True)
class Plan:
    """A load test. `speakers` say `rate` messages a second each; 0: as fast as answers come."""

    clients: int
    speakers: int
    rate: float
    seconds: float
    #: Share of the clients whose connections are cut again and again while the others speak.
    churn: float
    #: What 95 of 100 messages may take from being sent to the last receiver.
    p95_ms: float
    #: Processes that the clients live in.
    generators: int


@dataclass(frozen=True)
class TestResult:
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
    tests: list[TestResult] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    #: (seconds since the beginning, seconds that it took) of every message.
    latencies: list[tuple[float, float]] = field(default_factory=list)
    #: Whose lateness it was, when messages came too late.
    late: Literal["server", "generator"] | None = None

    @property
    def passed(self) -> bool:
        return all(test.passed for test in self.tests)

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "late": self.late,
            "plan": asdict(self.plan),
            "tests": [asdict(test) for test in self.tests],
            "figures": self.figures,
        }


#: (token, channel) of a client.
Place = tuple[str, int]
#: What is being done, how many steps it has; called again with what was done since.
Tell = Callable[[str, int], Callable[[int], None]]


async def run(plan: Plan, *, url: str, places: Sequence[Place], server: int | None, tell: Tell) -> Outcome:
    """places: of each client. server: the process id whose CPU and memory are measured, if it is here.

    Raises ConnectionError when the clients can't connect.
    """
    outcome = Outcome(plan)

    def usage() -> ProcessUsage:
        return usage_of(server) if server else ProcessUsage(0.0, 0)

    before = usage()
    async with Generators(plan.generators) as crowd:
        await _connect(outcome, crowd, url, places, tell)
        connected = usage()
        await _speak(outcome, crowd, places, tell, usage)
        await _be_away(outcome, crowd, places, tell)
    if server:
        outcome.figures["memory_mb"] = {
            "idle": _mb(before), "connected": _mb(connected), "end": round(outcome.samples[-1].resident_bytes / 2**20, 1),
            "kb_a_socket": round((connected.resident_bytes - before.resident_bytes) / plan.clients / 1024, 1),
        }  # fmt: skip
    return outcome


async def _connect(outcome: Outcome, crowd: Generators, url: str, places: Sequence[Place], tell: Tell) -> None:
    took = await crowd.arrive(url, places, progress=tell("connecting", len(places)))
    opening = outcome.figures["opening_ms"] = quantiles(took)
    says = f"{len(took)} at once; p95 {opening['p95']} ms from the handshake to the answered sync"
    outcome.tests.append(TestResult("concurrent connections", len(took) == outcome.plan.clients, says))


async def _speak(
    outcome: Outcome, crowd: Generators, places: Sequence[Place], tell: Tell, usage: Callable[[], ProcessUsage]
) -> None:
    plan = outcome.plan
    speakers, cut = _parts(places, plan)
    before, own_before, began_at = usage(), crowd.cpu_seconds, time.perf_counter()
    nursery = Nursery()
    nursery.start(_sample(outcome, crowd, usage, began_at))
    returned = await crowd.speak(
        speakers, cut, rate=plan.rate, seconds=plan.seconds, each_seconds=CUT_EVERY_SECONDS,
        sending=tell("sending", int(plan.rate * plan.seconds * len(speakers))), returning=tell("cut off and back", 0),
    )  # fmt: skip
    took = time.perf_counter() - began_at
    await crowd.settled()
    tally, lag = await crowd.tell()
    await nursery.end()
    _add_sample(outcome, Count(len(tally.answered_messages), tally.deliveries), usage(), began_at)
    own_seconds = crowd.cpu_seconds - own_before
    outcome.figures["generators"] = {"processes": plan.generators, "cpu_seconds": round(own_seconds, 2)}
    outcome.figures["generator_lag_ms"] = quantiles(lag)
    _judge_delivery(outcome, tally, took=took, began_at=began_at)
    _judge_returns(outcome, returned)
    used = usage().cpu_seconds - before.cpu_seconds
    if used:
        outcome.figures["server_cpu_seconds"] = round(used, 2)
        outcome.figures["server_cpu_us_a_delivery"] = round(used / max(1, tally.deliveries) * 1e6, 1)
    _judge_order(outcome, tally)


def _parts(places: Sequence[Place], plan: Plan) -> tuple[list[int], list[int]]:
    # Speakers from the front, one a channel first; those who are cut off from the back.
    by_channel: dict[int, list[int]] = {}
    for seat, (_, channel_id) in enumerate(places):
        by_channel.setdefault(channel_id, []).append(seat)
    ranks = sorted((rank, seat) for seats in by_channel.values() for rank, seat in enumerate(seats))
    speakers = [seat for _, seat in ranks[: plan.speakers]]
    listeners = sorted(set(range(len(places))) - set(speakers))
    return speakers, listeners[len(listeners) - int(len(places) * plan.churn) :] if plan.churn else []


async def _sample(outcome: Outcome, crowd: Generators, usage: Callable[[], ProcessUsage], began_at: float) -> None:
    while True:
        _add_sample(outcome, crowd.count, usage(), began_at)
        await asyncio.sleep(1)


def _add_sample(outcome: Outcome, count: Count, used: ProcessUsage, began_at: float) -> None:
    at = round(time.perf_counter() - began_at, 2)
    outcome.samples.append(Sample(at, count.answered, count.deliveries, used.cpu_seconds, used.resident_bytes))


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
    p95, allowed = delivered["p95"], outcome.plan.p95_ms
    is_fast = p95 is not None and p95 <= allowed
    says = f"p95 {p95} ms from sending to the last receiver ({allowed:g} allowed), {len(answered)} of {len(tally.sent)} answered"
    if not is_fast:
        outcome.late, why = blame(outcome.figures["generator_lag_ms"]["p95"], allowed)
        says = f"{says}. {why}"
    outcome.tests.append(TestResult("delivery latency", is_fast and len(answered) == len(tally.sent), says))


def blame(lag: float | None, allowed: float) -> tuple[Literal["server", "generator"], str]:
    """Whether the server or the generators were late, and a sentence; by the p95 of the generators' lag, in ms."""
    if (lag or 0) > OWN_SHARE * allowed:
        why = f"The load generator was late itself (p95 of its event loops {lag} ms): this says nothing of the server. "
        return "generator", why + "Give it more processes (--generators) or a machine of its own"
    return (
        "server",
        f"The load generator was on time (p95 of its event loops {lag} ms): late was the server, or its machine",
    )


def _judge_returns(outcome: Outcome, returned: Sequence[float]) -> None:
    figures = outcome.figures["returned_ms"] = quantiles(returned)
    slowest = figures["max"] or 0
    says = (
        f"{len(returned)} connections cut; back and caught up after {slowest} ms at most ({RETURN_SECONDS} s allowed)"
    )
    outcome.tests.append(TestResult("reconnection", slowest <= RETURN_SECONDS * 1000, says))


def _judge_order(outcome: Outcome, tally: Tally) -> None:
    found = tally.findings()
    outcome.figures |= asdict(found)
    says = f"{found.lost} lost, {found.doubled} doubled, {found.disordered} out of order, {found.different} different, by number"
    outcome.tests.append(TestResult("ordering", found.is_clean, says))


async def _be_away(outcome: Outcome, crowd: Generators, places: Sequence[Place], tell: Tell) -> None:
    last = {channel_id: seat for seat, (_, channel_id) in enumerate(places)}
    staying = sorted(last.values())
    away = [seat for seat in range(len(places)) if seat not in set(staying)][: max(1, len(places) // 10)]
    progress = tell("away and back", len(away))
    await crowd.leave(away)
    for _ in range(WHILE_AWAY):
        await crowd.say(staying)
    await crowd.enter(away, progress=progress)
    is_whole = await crowd.settled()
    tally, _ = await crowd.tell()
    found = tally.findings()
    outcome.figures |= asdict(found)
    missed = f"{found.lost} lost, {found.doubled} doubled, {found.disordered} out of order"
    says = f"{len(away)} were away for {WHILE_AWAY} messages: {missed}"
    outcome.tests.append(TestResult("offline delivery", is_whole and found.is_clean, says))


def _mb(usage: ProcessUsage) -> float:
    return round(usage.resident_bytes / 2**20, 1)
