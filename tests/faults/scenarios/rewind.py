"""The database put back to an earlier state, and what has no number while Redis stands still: by the product's own client."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from delivery import tasks
from delivery.client import Client
from tests.faults.scenarios.run import Run, scenario
from tests.faults.web import Web

#: Right everywhere so long after Redis is back (FAULTS.md: 15 s after it stood still for 14).
RIGHT_SECONDS = 15
STOOD_STILL_SECONDS = 14


class Watcher:
    """One device and what it was told: bodies by number, and what of the membership is its person's own."""

    def __init__(self, client: Client, user: int, channel: int) -> None:
        self.client = client
        self.bodies: dict[int, str] = {}
        self.own: dict[str, Any] = {}
        self._user, self._channel = user, channel

    async def watch(self) -> None:
        async for event in self.client.events():
            if event.channel != self._channel:
                continue
            if event.kind == "changes":
                self.bodies.update({change["seq"]: change["body"] for change in event.changes})
            elif event.kind == "resync":
                # What is held up to there counts for nothing: of what follows, history says what it is.
                after = event.frame["held"]
                self.bodies = {seq: body for seq, body in self.bodies.items() if seq <= after}
                async for message in self.client.history(self._channel, after=after):
                    self.bodies[message["seq"]] = message["body"]
            elif event.kind == "channel":
                self.own.update(event.frame["channel"])
            elif event.kind == "receipts" and str(self._user) in event.frame["members"]:
                self.own["read_seq"] = event.frame["members"][str(self._user)][1]


@contextlib.asynccontextmanager
async def watching(web: Web, *, token: str, user: int, channel: int, **held: Any) -> AsyncIterator[Watcher]:
    async with Client(f"ws://127.0.0.1:{web.port}/ws/", token=token, **held) as client:
        watcher = Watcher(client, user, channel)
        task = asyncio.ensure_future(watcher.watch())
        try:
            yield watcher
        finally:
            await tasks.end([task])


@scenario("postgres", breaks=["no epoch"])
async def rewound(run: Run) -> None:
    """A channel is put back to an earlier number and spoken in beyond the held one: who stayed and who returns know all anew."""
    beside = await run.cluster.company(people=2, channels=1, members=2)
    [(channel, (speaker, reader))] = beside.channels.items()
    person: dict[str, Any] = {"token": beside.tokens[reader], "user": reader, "channel": channel}

    async def say(what: str, count: int) -> list[str]:
        bodies = [f"{what} {number}" for number in range(count)]
        for body in bodies:
            await run.cluster.stage.ask("post", who=speaker, channel=channel, body=body)
        return bodies

    async with watching(run.webs[0], **person) as stayed:
        kept = await say("kept", 4)
        async with watching(run.webs[1], **person) as gone:
            await say("gone", 6)
            await run.until(lambda: len(stayed.bodies) >= 10 and len(gone.bodies) >= 6, what="all was heard")
            held = {"heads": dict(gone.client.heads), "epoch": gone.client.epoch}
        async with run.fault("postgres"):
            await asyncio.to_thread(_rewind, run, channel, held["heads"][channel] - 6)
            anew = await say("anew", 10)
            await run.cluster.stage.ask("new_epoch")
        async with watching(run.webs[1], **person, **held) as returned:
            for name, watcher in (("who stayed", stayed), ("who returned", returned)):
                # The latter was not told of what it held: only of what is new.
                expected = {*kept, *anew} if watcher is stayed else set(anew)
                try:
                    await run.until(lambda w=watcher, e=expected: e <= _texts(w), what="all that is there is known")
                except AssertionError:
                    run.complain("lost", f"{name} does not know what was said anew", sorted(expected - _texts(watcher)))
                if any(body.startswith("gone") for body in _texts(watcher)):
                    run.complain("lost", f"{name} keeps what is gone", sorted(_texts(watcher)))


def _texts(watcher: Watcher) -> set[str]:
    return set(watcher.bodies.values())


def _rewind(run: Run, channel: int, head: int) -> None:
    for statement in (
        "ALTER TABLE channels DISABLE TRIGGER head_forward_only",
        f"DELETE FROM messages WHERE channel_id = {channel} AND seq > {head}",
        f"UPDATE channels SET head = {head} WHERE id = {channel}",
        "ALTER TABLE channels ENABLE TRIGGER head_forward_only",
    ):
        run.cluster.services.postgres.run(statement)


@scenario("redis", breaks=["no versions"])
async def what_has_no_number_while_redis_stands_still(run: Run) -> None:
    """Role, notify level and read cursor change while Redis says nothing for 14 s: right on all devices 15 s after."""
    beside = await run.cluster.company(people=2, channels=1, members=2)
    [(channel, (owner, member))] = beside.channels.items()
    person: dict[str, Any] = {"token": beside.tokens[member], "user": member, "channel": channel}
    await run.cluster.stage.ask("post", who=owner, channel=channel, body="to be read")
    async with watching(run.webs[0], **person) as here, watching(run.webs[1], **person) as there:
        seq = here.client.heads[channel]
        async with run.fault("redis"):
            run.cluster.services.valkey.freeze()
            ask = run.cluster.stage.ask
            # Nothing is announced: what Redis would keep for later is not what is asked here.
            await ask("role", announce=False, actor=owner, channel=channel, who=member, role="moderator")
            await ask("notify", announce=False, channel=channel, who=member, level="none")
            await ask("read", announce=False, channel=channel, who=member, seq=seq)
            await run.hold(STOOD_STILL_SECONDS if run.size.is_long else run.size.notice)
            run.cluster.services.valkey.thaw()
        wanted = {"role": "moderator", "notify_level": "none", "read_seq": seq}
        for watcher in (here, there):
            await run.until(
                lambda w=watcher: wanted.items() <= w.own.items(), within=RIGHT_SECONDS, what=f"{wanted} is known"
            )
