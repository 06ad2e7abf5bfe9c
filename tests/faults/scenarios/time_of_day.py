"""Clocks that are wrong, each in its own way, and one that jumps: no order and no promise may depend on them."""

import asyncio

from tests.faults.scenarios.run import Run, scenario

APART_SECONDS = 5 * 60
JUMP_SECONDS = 25 * 60 * 60


@scenario("time", breaks=["trusts the clock"], slowest=3)
async def clocks_apart_and_jumping(run: Run) -> None:
    """Two processes are 5 minutes ahead and behind; then the first is 25 hours ahead from one moment to the next."""
    _, ahead, behind = run.webs
    for web, seconds in ((ahead, APART_SECONDS), (behind, -APART_SECONDS)):
        web.move_clock(seconds)
        web.kill()
        web.launch()
    await asyncio.gather(ahead.ready(), behind.ready())
    async with run.fault("clocks"):
        await _talk_and_come_back(run)
        ahead.move_clock(JUMP_SECONDS)
        await _talk_and_come_back(run)
        ahead.move_clock(-APART_SECONDS)
        await _talk_and_come_back(run)


async def _talk_and_come_back(run: Run) -> None:
    # What is not announced is read from the rows, which carry another process' time.
    for channel, members in run.company.channels.items():
        await run.cluster.stage.ask("post", announce=False, who=members[0], channel=channel, body=f"unheard {channel}")
    for client in run.chance.sample(run.clients, len(run.clients) // 2):
        client.drop()
    await run.hold()
