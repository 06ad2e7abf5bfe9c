"""Clients that vanish, don't read, come all at once, hold wrong heads, repeat themselves, join, are removed and signed out."""

import asyncio
import json
import time

from tests.faults.clients import Client
from tests.faults.habits import Habits
from tests.faults.history import Command, Shown, Synced
from tests.faults.proxy import PASS, STALL, Fault
from tests.faults.scenarios.run import Run, scenario
from tests.faults.wire import ask, bearer

#: For fifty at once on a busy machine; each is answered in a fraction of it.
JOIN_SECONDS = 45


@scenario("clients", back=10, breaks=["no dedup"])
async def half_open(run: Run) -> None:
    """Everything between the clients and one process is lost without a word."""
    web = run.webs[0]
    async with run.fault(web.name):
        web.front.apply(STALL)
        await run.hold(max(run.size.fault, run.size.notice))
        web.front.apply(PASS)


@scenario("clients", slowest=2, breaks=["acknowledge before commit", "leaves changes out"])
async def one_byte_at_a_time(run: Run) -> None:
    """What passes between the clients and one process comes byte by byte, in both directions."""
    web = run.webs[1]
    async with run.fault(web.name):
        web.front.apply(Fault(slice_bytes=1))
        await run.hold()
        web.front.apply(PASS)


@scenario("clients", is_gentle=True, breaks=["no replay"])
async def dropping_all_the_time_while_sending(run: Run) -> None:
    """Every client loses its connection every two seconds, and goes on sending."""
    async with run.fault("all clients"):
        until = time.monotonic() + max(run.size.fault, 3)
        while time.monotonic() < until:
            run.chance.choice(run.clients).drop()
            await asyncio.sleep(2 / len(run.clients) if run.size.is_long else 0.1)


@scenario("clients", is_gentle=True, breaks=["changes without a number"])
async def reacting_and_pinning_while_dropping(run: Run) -> None:
    """All react to what was said last, pin it, reply in a thread, and lose the connection now and then: all end with the same."""
    async with run.fault("all clients"):
        until = time.monotonic() + max(run.size.fault, 3)
        while time.monotonic() < until:
            client = run.chance.choice(run.clients)
            for channel in run.company.channels_of(client.user):
                client.dress(channel)
                # In the thread of the first text that it was shown there, so that all speak in the same ones.
                if run.chance.random() < 0.3 and channel in client.view.oldest:
                    client.post(channel, thread=client.view.oldest[channel])
            if run.chance.random() < 0.1:
                client.drop()
            await asyncio.sleep(0.05)
    changed = sum(shown.rev != shown.seq for shown in run.history.of(Shown))
    if changed < 20:
        run.complain("late", f"only {changed} changes of messages were shown to anybody")


@scenario("clients", breaks=["no lane order"], back=10)
async def many_in_flight(run: Run) -> None:
    """One device posts without waiting for answers, and its process is killed in the middle."""
    eager = run.newcomer(run.company.users[0], device=8, habits=Habits(window=20))
    await run.until(lambda: eager.is_synced, what="the eager one is in")
    channel = run.company.channels_of(eager.user)[0]
    for _ in range(100):
        eager.post(channel)
    await run.until(lambda: eager.waiting < 70, what="some were accepted")
    web = next(web for web in run.webs if web.name == eager.doors[eager.door].name)
    async with run.fault(web.name):
        web.kill()
    await run.until(lambda: not eager.waiting, what="all were accepted")


@scenario("clients", breaks=["no resync"], is_gentle=True)
async def away_for_too_long(run: Run) -> None:
    """More was missed than is replayed: the client is told so, and reads history."""
    client, channel, sender = _pair(run)
    async with run.fault(client.name):
        await _leave(run, client)
        sender.outbox.window = 50
        for _ in range(run.cluster.limits.get("replay_changes", 1000) + 20):
            sender.post(channel)
        await run.until(lambda: not sender.waiting, what="more was said than is replayed")
        client.is_away = False
    await run.until(lambda: client.has_caught_up, what="who was away has read history")
    _expect_resync(run, client, channel)


@scenario("clients", breaks=["no resync"], is_gentle=True)
async def a_head_from_the_future(run: Run) -> None:
    """A client claims a number that the channel has not reached, as after the restore of a backup: it reads history."""
    client, channel, _ = _pair(run)
    async with run.fault(client.name):
        await _leave(run, client)
        client.held[channel] = 10**6
        client.view.messages.pop(channel, None)
        client.view.starts[channel] = 0
        client.is_away = False
    await run.until(lambda: client.has_caught_up, what="who came from the future has read history")
    _expect_resync(run, client, channel)


@scenario("clients", is_gentle=True, breaks=["acknowledge before commit", "opens what is asked for"])
async def heads_of_another_database(run: Run) -> None:
    """The client holds heads of channels that it does not know, or that do not exist."""
    client, _, _ = _pair(run)
    foreign = next((c for c in run.company.channels if client.user not in run.company.channels[c]), 10**9)
    async with run.fault(client.name):
        client.ask_for({foreign: 1, 10**9: 5})
        await run.hold(0.5)
    if foreign in client.held or 10**9 in client.held:
        run.complain("leak", "a sync opened a channel to somebody who is no member", client.held)


@scenario("clients", breaks=["no dedup", "no conflicts"], is_gentle=True)
async def one_id_from_two_devices(run: Run) -> None:
    """The same client_msg_id: the same body is one message, another body or another channel is a conflict."""
    user = next(user for user in run.company.users if len(run.company.channels_of(user)) > 1)
    here, there = run.company.channels_of(user)[:2]
    devices = [run.newcomer(user, device=device) for device in (6, 7)]
    for number, device in enumerate(devices):
        device.door = number
    await run.until(lambda: all(device.is_synced for device in devices), what="both devices are in")
    async with run.fault("two devices"):
        drafts = [devices[0].post(here, f"same {number} {user}") for number in range(10)]
        for draft in drafts:
            devices[1].post(here, draft.body, key=draft.key)
        await run.until(lambda: not any(d.waiting for d in devices), what="all were answered")
        for draft in drafts:
            devices[1].post(here, f"another {draft.body}", key=draft.key)
            devices[0].post(there, draft.body, key=draft.key)
        await run.until(lambda: not any(d.waiting for d in devices), what="all were answered")
    conflicts = sum(event.code == "conflict" for event in run.history.of(Command))
    duplicates = sum(event.duplicate for event in run.history.of(Command))
    # More of them only where an answer was lost on the way and was asked for again.
    if conflicts < 20 or duplicates < 10:
        run.complain("twice", f"{conflicts} conflicts and {duplicates} duplicates, not 20 and 10")


@scenario("clients", breaks=["no seats"], is_gentle=True)
async def fifty_join_for_five_seats(run: Run) -> None:
    """Over three processes at the same moment; the database has the last word."""
    crowd = await run.cluster.company(people=145, channels=1, members=95, kind="public")
    [(channel, members)] = crowd.channels.items()
    async with run.fault("one channel"):
        outside = [user for user in crowd.users if user not in members]
        asked = [
            ask(
                run.webs[n % 3].port,
                bearer(crowd.tokens[user]),
                "POST",
                f"/api/v1/channels/{channel}/join/",
                {},
                seconds=JOIN_SECONDS,
            )
            for n, user in enumerate(outside)
        ]
        answers = await asyncio.gather(*asked)
    codes = [json.loads(body).get("code", status) for status, body in answers]
    [(count, kept)] = await asyncio.to_thread(
        run.cluster.services.postgres.run,
        "SELECT (SELECT count(*) FROM channel_members WHERE channel_id = %s), member_count FROM channels WHERE id = %s",
        channel, channel,
    )  # fmt: skip
    if sorted(map(str, codes)) != ["200"] * 5 + ["channel_full"] * 45 or count != 100 or kept != 100:
        run.complain("twice", f"50 joins for 5 seats: {sorted(map(str, codes))}, {count} members, counted {kept}")


@scenario("clients", breaks=["no member check"], is_gentle=True)
async def removed_while_connected_unannounced(run: Run) -> None:
    """The announcement of the removal is lost; what is said afterwards must not reach who was removed."""
    client, channel, _ = _pair(run)
    async with run.fault(client.name):
        await run.cluster.stage.ask(
            "remove", announce=False, actor=run.company.channels[channel][0], channel=channel, who=client.user
        )
        run.company.channels[channel].remove(client.user)
        await run.hold()
    # With its announcement lost and nothing said, the position check would tell; here the next message does.
    await run.until(lambda: channel not in client.held, within=run.cluster.limits.get("position_check_seconds", 10) + 2,
                    what="who was removed knows")  # fmt: skip


@scenario("clients", breaks=["no member check"], is_gentle=True)
async def removed_and_added_again(run: Run) -> None:
    """Three times over, with and without announcements: nothing of the time between is shown."""
    client, channel, _ = _pair(run)
    owner = run.company.channels[channel][0]
    async with run.fault(client.name):
        for announce in (True, False, True):
            await run.cluster.stage.ask("remove", announce=announce, actor=owner, channel=channel, who=client.user)
            run.company.channels[channel].remove(client.user)
            await run.hold(0.4)
            await run.cluster.stage.ask("add", announce=announce, actor=owner, channel=channel, who=client.user)
            run.company.channels[channel].append(client.user)
            await run.hold(0.4)
    await run.until(lambda: channel in client.held, within=run.cluster.limits.get("position_check_seconds", 10) + 2,
                    what="who was added again follows again")  # fmt: skip


def _pair(run: Run) -> tuple[Client, int, Client]:
    """A client that owns nothing, a channel of it, and another member of that channel, at another process if there is one."""
    client = next(
        client for client in run.clients
        if client.is_synced and any(run.company.channels[c][0] != client.user for c in run.company.channels_of(client.user))
    )  # fmt: skip
    channel = next(c for c in run.company.channels_of(client.user) if run.company.channels[c][0] != client.user)
    others = [
        other for other in run.clients if other.user in run.company.channels[channel] and other.user != client.user
    ]
    return client, channel, next((other for other in others if other.door != client.door), others[0])


async def _leave(run: Run, client: Client) -> None:
    client.is_away = True
    client.drop()
    await run.until(lambda: not client.is_synced, what="the client is gone")


def _expect_resync(run: Run, client: Client, channel: int) -> None:
    if not any(event.client == client.name and channel in event.resync for event in run.history.of(Synced)):
        run.complain("gap", f"{client.name} was not told to load {channel} afresh")
