"""What presence and receipts cost the servers, against what as many messages of the same people cost, in one run on one machine.

    python -m benchmarks.presence                            one full channel, then 1,000 people in ten: eleven minutes
    python -m benchmarks.presence --part coming idling       only these; --rounds 0.5 for half as many

Two pairs of web processes over a data folder of their own (.data/bench), one of them without presence (benchmarks.silent): what
anybody's coming costs is the same there. The other pair counts what presence itself uses (benchmarks.timed), which is far less
than two runs differ by; what PostgreSQL uses to write when people were last seen is measured alone, and added. A frame that changes
nothing has to be taken, too, and is measured. What idle servers use meanwhile is not counted. Compare figures only within one run.
"""

import argparse
import asyncio
import functools
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import uvloop

#: More often than in service, so that no step escapes without its part of it.
os.environ["GAPLESS_LIMIT_PRESENCE_WRITE_SECONDS"] = "10"

from benchmarks.fanout import WebProcess  # noqa: I001 (sets Django up, for what is imported after it)
from benchmarks.crowd import DATA, MEMBERS, Cost, Crowd, Person, gather
from benchmarks.presence_costs import (
    COMING,
    COMING_SILENTLY,
    CROWD,
    CROWDS,
    CROWD_SAYING,
    CROWD_SILENTLY,
    Costs,
    IDLING,
    NOTING,
    READING,
    RECEIVING,
    REPEATING,
    SAYING,
    SAYING_ON,
    TYPING,
)
from chat.services import note_seen
from chat.services.presence import Sighting
from chatproject.embedded import services as embedded

#: Leaving is noticed after 5 s, and told within another one.
SETTLE_SECONDS = 8.0
#: The time in which everything that servers do by themselves has happened once.
HEARTBEAT_SECONDS = 30.0
#: Between two things that all do at once, so that none is told together with the next.
APART_SECONDS = 2.0
#: What takes milliseconds is done so often that it stands out.
COMINGS, BURSTS, WORDS, NOTES = 4, 30, 5, 50
PARTS = ("coming", "idling", "receipts", "typing", "crowd")


async def of_coming(costs: Costs, crowd: Crowd, silent: Crowd, rounds: float) -> None:
    await _note(costs, crowd)
    for everybody in (silent, crowd):
        await everybody.learn_idle(HEARTBEAT_SECONDS / 2)
    for _ in range(round(COMINGS * rounds)):
        costs.add(COMING_SILENTLY, await silent.measured(_come_and_go(silent), settle_seconds=SETTLE_SECONDS))
        costs.add(COMING, await crowd.measured(_come_and_go(crowd), settle_seconds=SETTLE_SECONDS))
    await _stand(costs, crowd)
    await _say_in_bursts(costs, crowd, round(BURSTS / 2 * rounds))


async def of_idling(costs: Costs, crowd: Crowd, silent: Crowd, rounds: float) -> None:
    await _stand(costs, crowd)

    async def idle_and_back() -> None:
        await crowd.tell_idle(True)
        await asyncio.sleep(APART_SECONDS)
        await crowd.tell_idle(False)

    times = round(BURSTS / 2 * rounds)
    for _ in range(2):
        await _say_in_bursts(costs, crowd, times)
        repeated = await crowd.measured(_often(lambda: crowd.tell_idle(False), times), settle_seconds=APART_SECONDS)
        costs.add(REPEATING, repeated, times=times)
        idled = await crowd.measured(_often(idle_and_back, times // 2), settle_seconds=APART_SECONDS)
        costs.add(IDLING, idled, times=times // 2 * 2)


async def of_receipts(costs: Costs, crowd: Crowd, silent: Crowd, rounds: float) -> None:
    await _stand(costs, crowd)
    # Read last: until then nobody has read anything, and all that is unread is counted.
    for op, name in (("delivered", RECEIVING), ("read", READING)):
        said, done = Cost(), Cost()
        times = round(BURSTS / 2 * rounds)
        for _ in range(times):
            said += await crowd.measured(crowd.say, settle_seconds=APART_SECONDS)
            done += await crowd.measured(functools.partial(crowd.acknowledge, op), settle_seconds=APART_SECONDS)
        costs.add(SAYING, said, times=times)
        costs.add(name, done, times=times)


async def of_typing(costs: Costs, crowd: Crowd, silent: Crowd, rounds: float) -> None:
    await _stand(costs, crowd)
    times = round(WORDS * rounds)
    for act, name in ((crowd.type, TYPING), (crowd.say, SAYING_ON)):
        step = _often(functools.partial(act, over_seconds=3), times, apart=0)
        costs.add(name, await crowd.measured(step, settle_seconds=SETTLE_SECONDS), times=times)


async def of_a_crowd(costs: Costs, crowd: Crowd, silent: Crowd) -> None:
    await _note(costs, crowd)
    await asyncio.sleep(SETTLE_SECONDS)
    for everybody, name in ((silent, CROWD_SILENTLY), (crowd, CROWD)):
        await everybody.learn_idle(HEARTBEAT_SECONDS / 2)
        step = _come_and_go(everybody, over_seconds=10)
        costs.add(name, await everybody.measured(step, settle_seconds=SETTLE_SECONDS))
        costs.tell(f"the latest socket was ready {everybody.latest:.2f} s after its turn")
    await crowd.come(over_seconds=10)
    await _stand(costs, crowd)
    said = await crowd.measured(lambda: crowd.say(over_seconds=10), settle_seconds=SETTLE_SECONDS)
    costs.add(CROWD_SAYING, said)
    await crowd.go()


async def _stand(costs: Costs, crowd: Crowd) -> None:
    if not crowd.is_here:
        await crowd.come()
    await asyncio.sleep(SETTLE_SECONDS)
    await crowd.learn_idle(HEARTBEAT_SECONDS)
    costs.tell(f"CPU ms a second while everybody is here and nobody does anything: {crowd.idle_ms}")


async def _say_in_bursts(costs: Costs, crowd: Crowd, times: int) -> None:
    said = await crowd.measured(_often(crowd.say, times), settle_seconds=APART_SECONDS)
    costs.add(SAYING, said, times=times)


async def _note(costs: Costs, crowd: Crowd) -> None:
    if NOTING not in costs.figures():
        seen = {user_id: Sighting("online", 0.0) for user_id in crowd.user_ids[:MEMBERS]}

        async def note() -> None:
            for _ in range(NOTES):
                await asyncio.to_thread(note_seen, seen, {})

        costs.add(NOTING, await crowd.measured(note, settle_seconds=0), times=NOTES)


def _come_and_go(crowd: Crowd, *, over_seconds: float = 0.0) -> Callable[[], Awaitable[None]]:
    async def come_and_go() -> None:
        await crowd.come(over_seconds=over_seconds)
        await asyncio.sleep(APART_SECONDS)
        await crowd.go(over_seconds=over_seconds)

    return come_and_go


def _often(
    act: Callable[[], Awaitable[None]], times: int, *, apart: float = APART_SECONDS
) -> Callable[[], Awaitable[None]]:
    async def do_often() -> None:
        for _ in range(times):
            await act()
            await asyncio.sleep(apart)

    return do_often


OF_ONE_CHANNEL = {"coming": of_coming, "idling": of_idling, "receipts": of_receipts, "typing": of_typing}


async def measure(
    servers: Sequence[WebProcess],
    silent: Sequence[WebProcess],
    people: list[Person],
    *,
    parts: Sequence[str],
    rounds: float,
) -> dict[str, Any]:
    costs = Costs()
    for processes in filter(None, (servers, silent)):
        # As warm as they are in service before anything is counted.
        warm = Crowd(processes, people[:MEMBERS])
        await warm.come()
        await warm.say()
        await warm.go()
    await asyncio.sleep(SETTLE_SECONDS)
    costs.tell("everybody is warm")
    crowd = Crowd(servers, people[:MEMBERS])
    for part in parts:
        if part in OF_ONE_CHANNEL:
            await OF_ONE_CHANNEL[part](costs, crowd, Crowd(silent, people[:MEMBERS]), rounds)
    if crowd.is_here:
        await crowd.go()
    if "crowd" in parts:
        await of_a_crowd(costs, Crowd(servers, people), Crowd(silent, people))
    return {"each once": costs.figures(), "against their messages": costs.ratios()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--part", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--port", type=int, default=18110, help="the first of them")
    parser.add_argument("--rounds", type=float, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    people = gather(MEMBERS * CROWDS if "crowd" in options.part else MEMBERS)
    servers = [WebProcess(options.port + n, module="benchmarks.timed") for n in range(options.processes)]
    needs_silent = {"coming", "crowd"} & {*options.part}
    silent = [
        WebProcess(options.port + 20 + n, module="benchmarks.silent")
        for n in range(options.processes if needs_silent else 0)
    ]
    try:
        for server in (*servers, *silent):
            server.wait_ready()
        figures = uvloop.run(measure(servers, silent, people, parts=options.part, rounds=options.rounds))
    finally:
        for server in (*servers, *silent):
            server.process.terminate()
        for server in (*servers, *silent):
            server.process.wait(40)
        embedded.leave(DATA)
    if options.json:
        print(json.dumps(figures))
        return
    for title, rows in figures.items():
        print(f"\n{title}")
        for name, row in rows.items():
            print(f"{name:>38}  " + "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
