"""Everything at once: kills, stops, cuts and restarts at random, of all parts, over one another; seeded."""

import asyncio
import contextlib
import itertools
import random
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.faults.cluster import fault
from tests.faults.history import Revoked
from tests.faults.proxy import DEAF, PASS, REFUSE, SILENT, STALL, Fault, Proxy
from tests.faults.scenarios.redis import evict
from tests.faults.scenarios.run import Run
from tests.faults.scenarios.time_of_day import APART_SECONDS, JUMP_SECONDS
from tests.faults.services import Postgres
from tests.faults.stage import VerbRefused
from tests.faults.uploads import give_file, post_file
from tests.faults.web import KEY, NEXT_KEY, Web

Action = Callable[[Run, random.Random], Awaitable[None]]

#: Seconds between two acts of a hand, where it isn't 2 to 12.
PAUSES = {"people": (0.5, 2), "crowds": (20, 60), "givers": (0.2, 1)}
#: By how much a process' clock may be wrong.
CLOCKS = (-APART_SECONDS, APART_SECONDS)
#: Then a file is given up: its giver does something else.
GIVE_SECONDS = 20
_devices = itertools.count(100)


async def everything(run: Run, *, seconds: float) -> None:
    """Many hands, each with one kind of fault at a time; what one hand does, another does not wait for."""
    until = time.monotonic() + seconds
    hands: dict[str, Sequence[Action]] = {
        "webs": [_kill, _terminate, _freeze],
        "links": [_hurt_a_link],
        "services": [_redis, _redis, _postgres, _lock_a_channel],
        "people": [_remove_and_add, _drop_some, _edit, _stop_reading],
        "clocks": [_move_a_clock],
        "logins": [_come_and_end],
        "crowds": [_cut_all],
        "givers": [_give],
    }
    async with asyncio.TaskGroup() as group:
        for name, actions in hands.items():
            group.create_task(_hand(run, name, actions, until))


async def _hand(run: Run, name: str, actions: Sequence[Action], until: float) -> None:
    chance = random.Random(f"{run.cluster.seed} {name}")
    pause = PAUSES.get(name, (2, 12))
    while time.monotonic() < until:
        await asyncio.sleep(chance.uniform(*pause))
        if time.monotonic() < until:
            await chance.choice(actions)(run, chance)


def _fault(run: Run, name: str, target: str) -> contextlib.AbstractAsyncContextManager[None]:
    return fault(run.history, name, target)


# ---- web processes ----


def _any_web(run: Run, chance: random.Random) -> Web:
    return chance.choice([web for web in run.webs if web.is_running])


async def _kill(run: Run, chance: random.Random) -> None:
    web = _any_web(run, chance)
    async with _fault(run, "web: kill -9", web.name):
        web.kill()
        await asyncio.sleep(chance.uniform(0, 4))
    await _begin_anew(web, chance)


async def _begin_anew(web: Web, chance: random.Random) -> None:
    """Maybe with a clock that is wrong from the beginning, maybe signing with the next key."""
    if chance.random() < 0.3:
        web.move_clock(chance.choice(CLOCKS))
    web.variables = chance.choice([{}, {"SECRET_KEY": NEXT_KEY, "SECRET_KEY_FALLBACKS": KEY}])
    web.launch()
    await web.ready()


async def _move_a_clock(run: Run, chance: random.Random) -> None:
    web = chance.choice(run.webs)
    if web.clock is not None:
        async with _fault(run, "web: clock moved", web.name):
            web.move_clock(chance.choice([*CLOCKS, 0, JUMP_SECONDS]))


async def _terminate(run: Run, chance: random.Random) -> None:
    web = _any_web(run, chance)
    async with _fault(run, "web: SIGTERM", web.name):
        code = await web.terminate()
    # With PostgreSQL or Redis hurt at the same time a lane may not be flushed; ending in time is still promised.
    if code == -signal.SIGKILL:
        run.complain("late", f"{web.name} did not end after SIGTERM")
    await _begin_anew(web, chance)


async def _freeze(run: Run, chance: random.Random) -> None:
    web = _any_web(run, chance)
    async with _fault(run, "web: SIGSTOP", web.name):
        web.send(signal.SIGSTOP)
        await asyncio.sleep(chance.uniform(1, 12))
        web.send(signal.SIGCONT)


# ---- links ----

_HURTS = {
    "latency": Fault(latency_seconds=0.2, jitter_seconds=0.1),
    "resets": Fault(resets=0.01),
    "stall": STALL,
    "deaf": DEAF,
    "mute": Fault(stalls_up=True),
    "silent": SILENT,
    "refusing": REFUSE,
    "cut": PASS,
    "slices": Fault(slice_bytes=1),
}


async def _hurt_a_link(run: Run, chance: random.Random) -> None:
    web = chance.choice(run.webs)
    proxy: Proxy = chance.choice(web.proxies)
    name = chance.choice(sorted(_HURTS))
    async with _fault(run, f"link: {name}", proxy.name):
        if name in ("cut", "silent", "refusing"):
            await asyncio.to_thread(proxy.cut, _HURTS[name])
        else:
            await asyncio.to_thread(proxy.apply, _HURTS[name])
        await asyncio.sleep(chance.uniform(0.5, 8))
        await asyncio.to_thread(proxy.cut if name in ("silent", "refusing") else proxy.apply, PASS)


# ---- services ----


async def _redis(run: Run, chance: random.Random) -> None:
    valkey = run.cluster.services.valkey
    what = chance.choice(["kill", "empty", "flush", "freeze", "evict"])
    async with _fault(run, f"redis: {what}", "redis"):
        if what == "flush":
            await asyncio.to_thread(valkey.flush)
        elif what == "evict":
            await asyncio.to_thread(evict, valkey)
        elif what == "freeze":
            valkey.freeze()
            await asyncio.sleep(chance.uniform(1, 8))
            valkey.thaw()
        else:
            valkey.kill()
            await asyncio.sleep(chance.uniform(0, 10))
            if what == "empty":
                valkey.forget()
            await valkey.start()


async def _postgres(run: Run, chance: random.Random) -> None:
    postgres = run.cluster.services.postgres
    what = chance.choice(["fast", "immediate", "kill", "freeze", "terminate"])
    async with _fault(run, f"postgres: {what}", "postgres"):
        if what == "terminate":
            await asyncio.to_thread(postgres.cut_backends)
        elif what == "freeze":
            postgres.freeze()
            await asyncio.sleep(chance.uniform(1, 6))
            postgres.thaw()
        else:
            if what == "kill":
                postgres.kill()
            else:
                await postgres.end(Postgres.FAST if what == "fast" else Postgres.IMMEDIATE)
            await asyncio.sleep(chance.uniform(0, 5))
            await postgres.start()


async def _lock_a_channel(run: Run, chance: random.Random) -> None:
    channel = chance.choice(sorted(run.company.channels))
    async with _fault(run, "postgres: a channel locked", str(channel)):
        connection = await asyncio.to_thread(run.cluster.services.postgres.connect)
        await asyncio.to_thread(connection.execute, "BEGIN")
        await asyncio.to_thread(connection.execute, f"SELECT 1 FROM channels WHERE id = {channel} FOR UPDATE")
        await asyncio.sleep(chance.uniform(1, 6))
        await asyncio.to_thread(connection.close)


# ---- people ----


async def _remove_and_add(run: Run, chance: random.Random) -> None:
    channel = chance.choice(sorted(run.company.channels))
    owner, *members = run.company.channels[channel]
    who = chance.choice(members)
    with contextlib.suppress(VerbRefused):
        await run.cluster.stage.ask("remove", announce=chance.random() < 0.7, actor=owner, channel=channel, who=who)
    await asyncio.sleep(chance.uniform(0.2, 3))
    await _insist(run, "add", announce=chance.random() < 0.7, actor=owner, channel=channel, who=who)


async def _drop_some(run: Run, chance: random.Random) -> None:
    for client in chance.sample(run.clients, 5):
        client.drop()


async def _stop_reading(run: Run, chance: random.Random) -> None:
    sockets = [client.socket for client in chance.sample(run.clients, 5) if client.socket is not None]
    for socket in sockets:
        socket.transport.pause_reading()
    await asyncio.sleep(chance.uniform(0.5, 6))
    for socket in sockets:
        socket.transport.resume_reading()


async def _cut_all(run: Run, chance: random.Random) -> None:
    async with _fault(run, "link: all clients cut", "all"):
        for web in run.webs:
            await asyncio.to_thread(web.front.cut, web.front.fault)


async def _come_and_end(run: Run, chance: random.Random) -> None:
    """Somebody comes in by a browser, stays a while, and their login ends in one way or another."""
    user = chance.choice(run.company.users)
    with contextlib.suppress(VerbRefused):
        session = await run.cluster.stage.ask("sign_in", who=user)
        client = run.newcomer(user, device=next(_devices), session=session)
        client.must_be_whole = False
        await asyncio.sleep(chance.uniform(1, 8))
        await _insist(run, chance.choice(["sign_out", "expire"]), who=user, session=session)
        run.history.append(Revoked(user=user, client=client.name))


async def _give(run: Run, chance: random.Random) -> None:
    """A file in pieces, whatever else happens; then a message with it, and one in another channel that wants it too."""
    client = chance.choice([client for client in run.clients if client.must_be_whole])
    given = await give_file(client, chance, within=GIVE_SECONDS)
    if given is not None:
        for channel in run.company.channels_of(client.user)[:2]:
            post_file(client, channel, *given)


async def _insist(run: Run, verb: str, **arguments: Any) -> None:
    while True:
        with contextlib.suppress(VerbRefused):
            await run.cluster.stage.ask(verb, **arguments)
            return
        await asyncio.sleep(0.5)


async def _edit(run: Run, chance: random.Random) -> None:
    channel = chance.choice(sorted(run.company.channels))
    who = chance.choice(run.company.channels[channel])
    with contextlib.suppress(VerbRefused):
        if chance.random() < 0.3:
            await run.cluster.stage.ask("delete", who=who, channel=channel)
        else:
            await run.cluster.stage.ask("edit", who=who, channel=channel, body=f"edited {time.monotonic_ns()}")
