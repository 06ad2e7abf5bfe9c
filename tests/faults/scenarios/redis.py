"""Redis gone, emptied, slow, mute, deaf; announcements lost, repeated and reordered. Sending must not notice."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator

from redis import asyncio as aioredis

from delivery import tasks
from tests.faults.proxy import DEAF, PASS, SILENT, Fault
from tests.faults.scenarios.run import Run, scenario
from tests.faults.services import Valkey

#: Without Redis others hear within 2 s (DESIGN.md: the position check of the deaf), and a second for a busy machine.
OTHERS = 3.0
#: A request costs at most 0.1 s more without Redis; the rest is for a busy machine.
ANSWER = 1.0


@scenario("redis", answer=ANSWER, slowest=OTHERS, breaks=["no gap check", "no position check"])
async def redis_killed_and_back(run: Run) -> None:
    """For 10 seconds there is no Redis."""
    async with run.fault("redis"):
        run.cluster.services.valkey.kill()
        await run.hold(max(run.size.fault, run.size.notice))
        await run.cluster.services.valkey.start()


@scenario("redis", answer=ANSWER, slowest=OTHERS, breaks=["no gap check", "no position check"])
async def redis_restarted_empty(run: Run) -> None:
    """Redis forgets all that it had."""
    valkey = run.cluster.services.valkey
    async with run.fault("redis"):
        valkey.kill()
        valkey.forget()
        await valkey.start()


@scenario("redis", answer=ANSWER, slowest=OTHERS, breaks=["no gap check", "no position check"])
async def redis_flushed(run: Run) -> None:
    """FLUSHALL, again and again."""
    async with run.fault("redis"):
        for _ in range(5):
            run.cluster.services.valkey.flush()
            await asyncio.sleep(0.2)


def evict(valkey: Valkey) -> int:
    """Fills the memory with what is not ours, until what is ours must go; returns how many keys went, ever."""
    redis = valkey.client()
    redis.config_set("maxmemory-policy", "allkeys-lru")
    redis.config_set("maxmemory", redis.info("memory")["used_memory"] + 2**20)
    for number in range(400):
        redis.set(f"somebody else's {number}", "x" * 10_000)
    redis.config_set("maxmemory", 0)
    return int(redis.info("stats")["evicted_keys"])


@scenario("redis", answer=ANSWER, slowest=OTHERS, breaks=["acknowledge before commit", "leaves changes out"])
async def redis_evicting(run: Run) -> None:
    """Its memory is full of what others keep there, and it throws away what was not asked for lately."""
    async with run.fault("redis"):
        for _ in range(3):
            evicted = await asyncio.to_thread(evict, run.cluster.services.valkey)
            await run.hold(run.size.fault / 3)
    if not evicted:
        run.complain("late", "nothing was evicted")


@scenario("redis", answer=ANSWER, slowest=OTHERS, breaks=["no gap check", "no position check"])
async def redis_accepts_but_never_answers(run: Run) -> None:
    """Connections are taken, and that was all."""
    async with _everywhere(run, SILENT, cuts=True):
        await run.hold(max(run.size.fault, run.size.notice))


@scenario("redis", answer=ANSWER, slowest=OTHERS, breaks=["waits for Redis"])
async def redis_frozen(run: Run) -> None:
    """Redis stands still with all its connections open."""
    async with run.fault("redis"):
        run.cluster.services.valkey.freeze()
        await run.hold(max(run.size.fault, run.size.notice))
        run.cluster.services.valkey.thaw()


@scenario("redis", answer=ANSWER, slowest=OTHERS, breaks=["no gap check", "no position check"])
async def redis_slow_with_resets(run: Run) -> None:
    """200 ms more, and one piece in a hundred resets its connection."""
    async with _everywhere(run, Fault(latency_seconds=0.2, jitter_seconds=0.1, resets=0.01)):
        await run.hold(max(run.size.fault, 2))


@scenario("redis", answer=ANSWER, breaks=["no position check"])
async def a_subscriber_starved_without_an_error(run: Run) -> None:
    """Nothing comes from Redis to one process, and nothing says so; then nobody posts: the position check must see it."""
    web = run.webs[1]
    async with run.fault(web.name):
        web.redis.apply(DEAF)
        await run.hold()
        run.load.is_paused = True
        positions = run.cluster.limits.get("position_check_seconds", 10)
        await run.until(run.is_level, within=positions + 1, what="the starved process' clients have everything")
    web.redis.cut(PASS)
    run.load.is_paused = False


@scenario("redis", answer=ANSWER, breaks=["no gap check"])
async def announcements_lost_for_a_moment(run: Run) -> None:
    """Here and there a message is not announced at all: the next one shows every process the gap."""
    async with run.fault("redis"):
        for number in range(20):
            channel = run.chance.choice(list(run.company.channels))
            sender = run.chance.choice(run.company.channels[channel])
            await run.cluster.stage.ask(
                "post", announce=False, who=sender, channel=channel, body=f"unheard {number} {channel}"
            )
            await asyncio.sleep(0.05)


@scenario("redis", answer=ANSWER, breaks=["no gap check"])
async def an_idle_minute(run: Run) -> None:
    """Nobody says anything for a minute; then everybody hears at once."""
    run.load.is_paused = True
    await asyncio.sleep(60 if run.size.is_long else 1)
    run.load.is_paused = False
    async with run.fault("nothing at all"):
        await run.hold()


@scenario(
    "redis",
    answer=ANSWER,
    slowest=OTHERS,
    breaks=["acknowledge before commit", "counts announcements", "leaves changes out"],
)
async def announcements_repeated_and_reordered(run: Run) -> None:
    """What is announced is announced again, up to three times, later, and in another order."""
    async with run.fault("redis"), _echoing(run):
        await run.hold(max(run.size.fault, 2))


@contextlib.asynccontextmanager
async def _everywhere(run: Run, fault: Fault, *, cuts: bool = False) -> AsyncIterator[None]:
    async with run.fault("redis"):
        for web in run.webs:
            web.redis.cut(fault) if cuts else web.redis.apply(fault)
        yield
        for web in run.webs:
            web.redis.cut(PASS)


@contextlib.asynccontextmanager
async def _echoing(run: Run) -> AsyncIterator[None]:
    """Everything that is published is published again, up to three times, later and in another order."""
    echoing = asyncio.ensure_future(_echo(str(run.cluster.services.valkey.socket), run.chance))
    try:
        yield
    finally:
        await tasks.end([echoing])


async def _echo(socket: str, chance: random.Random) -> None:
    published: Counter[bytes] = Counter()
    async with aioredis.Redis(unix_socket_path=socket) as redis, redis.pubsub() as listening:
        await listening.psubscribe("gapless*")
        kept: list[tuple[bytes, bytes]] = []
        while True:
            message = await listening.get_message(ignore_subscribe_messages=True, timeout=0.05)
            if message is not None and b"echo" not in message["data"] and published[message["data"]] < 3:
                published[message["data"]] += 1
                kept.append((message["channel"], message["data"]))
            if len(kept) > 8 or (message is None and kept):
                chance.shuffle(kept)
                for channel, data in kept:
                    await redis.publish(channel, data)
                kept.clear()
