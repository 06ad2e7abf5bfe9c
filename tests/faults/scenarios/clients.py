"""Clients that vanish, don't read, come all at once, hold wrong heads, repeat themselves, join, are removed and signed out."""

import asyncio
import json
import time

from tests.faults.clients import Client, Habits
from tests.faults.history import Command, History, Revoked, Synced
from tests.faults.proxy import PASS, STALL, Fault
from tests.faults.recovery import recoveries
from tests.faults.scenarios.run import Run, scenario
from tests.faults.wire import ask


@scenario("clients", back=10)
async def half_open(run: Run) -> None:
    """Everything between the clients and one process is lost without a word."""
    web = run.webs[0]
    async with run.fault(web.name):
        web.front.apply(STALL)
        await run.hold(max(run.size.fault, run.size.notice))
        web.front.apply(PASS)


@scenario("clients", is_gentle=True)
async def a_reader_with_a_closed_window(run: Run) -> None:
    """One stops reading and is sent away when too much waits for it; nobody else notices."""
    [(channel, members), *_] = run.company.channels.items()
    slow = run.newcomer(members[0], device=9, habits=Habits(silence=3600, reply=3600))
    await run.until(lambda: slow.is_synced, within=5, what="the slow reader is in")
    assert slow.socket is not None
    others = [other for other in run.clients if other.user in members and other is not slow]
    # What is asked for again must stay little enough to be replayed.
    run.load.is_paused = True
    async with run.fault("one reader"):
        slow.socket.transport.pause_reading()
        start = slow.held[channel]
        for number in range(120):
            others[number % len(others)].post(channel, f"{number} " + "x" * 1900)
        await run.until(lambda: not any(other.waiting for other in others), within=20, what="the flood is posted")
        # Asking for it again and again: more than the machine's own buffers take, and then more than the product keeps.
        for _ in range(60):
            slow.socket.send({"op": "sync", "channels": {str(channel): start}})
            await asyncio.sleep(0.02)
        slow.socket.transport.resume_reading()
    await run.until(
        lambda: slow.notes.connection > 1 and slow.is_synced,
        within=10,
        what="the slow reader was sent away and is back",
    )
    run.load.is_paused = False
    for recovery in recoveries(History(event for event in run.history if getattr(event, "client", "") != slow.name)):
        run.expect_within(recovery.slowest or 0, 2, "showing the flood to those who read")


@scenario("clients", slowest=2)
async def one_byte_at_a_time(run: Run) -> None:
    web = run.webs[1]
    async with run.fault(web.name):
        web.front.apply(Fault(slice_bytes=1))
        await run.hold()
        web.front.apply(PASS)


@scenario("clients", back=10)
async def all_come_back_at_once(run: Run) -> None:
    if run.size.is_long:
        for user in run.company.users:
            for device in range(2, 8):
                run.newcomer(user, device=device)
        await run.until(lambda: all(client.is_synced for client in run.clients), within=30, what="the crowd is in")
    async with run.fault("all clients"):
        for web in run.webs:
            web.front.cut()
    await run.until(lambda: all(client.is_synced for client in run.clients), within=30, what="everybody is back")


@scenario("clients", is_gentle=True)
async def dropping_all_the_time_while_sending(run: Run) -> None:
    async with run.fault("all clients"):
        until = time.monotonic() + max(run.size.fault, 3)
        while time.monotonic() < until:
            run.chance.choice(run.clients).drop()
            await asyncio.sleep(2 / len(run.clients) if run.size.is_long else 0.1)


@scenario("clients", breaks=["no lane order"], back=10)
async def many_in_flight(run: Run) -> None:
    """One device posts without waiting for answers, and its process is killed in the middle."""
    eager = run.newcomer(run.company.users[0], device=8, habits=Habits(window=20))
    await run.until(lambda: eager.is_synced, within=5, what="the eager one is in")
    channel = run.company.channels_of(eager.user)[0]
    for _ in range(100):
        eager.post(channel)
    await run.until(lambda: eager.waiting < 70, within=5, what="some were accepted")
    web = next(web for web in run.webs if web.name == eager.doors[eager.door].name)
    async with run.fault(web.name):
        web.kill()
    await run.until(lambda: not eager.waiting, within=15, what="all were accepted")


@scenario("clients", is_gentle=True)
async def away_for_too_long(run: Run) -> None:
    """More was missed than is replayed: the client is told so, and reads history."""
    client, channel, sender = _pair(run)
    async with run.fault(client.name):
        await _leave(run, client)
        sender.outbox.window = 50
        for _ in range(run.cluster.limits.get("replay_changes", 1000) + 20):
            sender.post(channel)
        await run.until(lambda: not sender.waiting, within=20, what="more was said than is replayed")
        client.is_away = False
    await run.until(lambda: client.has_caught_up, within=10, what="who was away has read history")
    _expect_resync(run, client, channel)


@scenario("clients", is_gentle=True)
async def a_head_from_the_future(run: Run) -> None:
    client, channel, _ = _pair(run)
    async with run.fault(client.name):
        await _leave(run, client)
        client.held[channel] = 10**6
        client.view.messages.pop(channel, None)
        client.view.starts[channel] = 0
        client.is_away = False
    await run.until(lambda: client.has_caught_up, within=10, what="who came from the future has read history")
    _expect_resync(run, client, channel)


@scenario("clients", is_gentle=True)
async def heads_of_another_database(run: Run) -> None:
    """The client holds heads of channels that it does not know, or that do not exist."""
    client, _, _ = _pair(run)
    foreign = next((c for c in run.company.channels if client.user not in run.company.channels[c]), 10**9)
    async with run.fault(client.name):
        client.ask_for({foreign: 1, 10**9: 5})
        await run.hold(0.5)
    if foreign in client.held or 10**9 in client.held:
        run.complain("leak", "a sync opened a channel to somebody who is no member", client.held)


@scenario("clients", breaks=["no dedup"], is_gentle=True)
async def one_id_from_two_devices(run: Run) -> None:
    """The same client_msg_id: the same body is one message, another body or another channel is a conflict."""
    user = next(user for user in run.company.users if len(run.company.channels_of(user)) > 1)
    here, there = run.company.channels_of(user)[:2]
    devices = [run.newcomer(user, device=device) for device in (6, 7)]
    for number, device in enumerate(devices):
        device.door = number
    await run.until(lambda: all(device.is_synced for device in devices), within=5, what="both devices are in")
    async with run.fault("two devices"):
        drafts = [devices[0].post(here, f"same {number} {user}") for number in range(10)]
        for draft in drafts:
            devices[1].post(here, draft.body, key=draft.key)
        await run.until(lambda: not any(d.waiting for d in devices), within=10, what="all were answered")
        for draft in drafts:
            devices[1].post(here, f"another {draft.body}", key=draft.key)
            devices[0].post(there, draft.body, key=draft.key)
        await run.until(lambda: not any(d.waiting for d in devices), within=10, what="all were answered")
    conflicts = sum(event.code == "conflict" for event in run.history.of(Command))
    duplicates = sum(event.duplicate for event in run.history.of(Command))
    if (conflicts, duplicates) != (20, 10):
        run.complain("twice", f"{conflicts} conflicts and {duplicates} duplicates, not 20 and 10")


@scenario("clients", is_gentle=True)
async def fifty_join_for_five_seats(run: Run) -> None:
    crowd = await run.cluster.company(people=145, channels=1, members=95, kind="public")
    [(channel, members)] = crowd.channels.items()
    async with run.fault("one channel"):
        outside = [user for user in crowd.users if user not in members]
        asked = [
            ask(run.webs[n % 3].port, crowd.tokens[user], "POST", f"/api/v1/channels/{channel}/join/", {}, seconds=20)
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
    """The bell of the removal is lost; what is said afterwards must not reach who was removed."""
    client, channel, _ = _pair(run)
    async with run.fault(client.name):
        await run.cluster.stage.ask(
            "remove", bell=False, actor=run.company.channels[channel][0], channel=channel, who=client.user
        )
        run.company.channels[channel].remove(client.user)
        await run.hold()
    # With its bell lost and nothing said, the position check would tell; here the next message does.
    await run.until(lambda: channel not in client.held, within=run.cluster.limits.get("position_check_seconds", 10) + 2,
                    what="who was removed knows")  # fmt: skip


@scenario("clients", breaks=["no member check"], is_gentle=True)
async def removed_and_added_again(run: Run) -> None:
    client, channel, _ = _pair(run)
    owner = run.company.channels[channel][0]
    async with run.fault(client.name):
        for bell in (True, False, True):
            await run.cluster.stage.ask("remove", bell=bell, actor=owner, channel=channel, who=client.user)
            run.company.channels[channel].remove(client.user)
            await run.hold(0.4)
            await run.cluster.stage.ask("add", bell=bell, actor=owner, channel=channel, who=client.user)
            run.company.channels[channel].append(client.user)
            await run.hold(0.4)
    await run.until(lambda: channel in client.held, within=run.cluster.limits.get("position_check_seconds", 10) + 2,
                    what="who was added again follows again")  # fmt: skip


@scenario("clients", breaks=["no login check"], is_gentle=True)
async def signed_out_everywhere(run: Run) -> None:
    """Tokens are revoked and accounts deactivated in the rows alone: every process finds out by itself."""
    gone = [client for web in run.webs for client in run.clients_at(web)[:1]]
    async with run.fault("logins"):
        for number, client in enumerate(gone):
            client.must_be_whole = False
            verb = "revoke_tokens" if number % 2 else "deactivate"
            await run.cluster.stage.ask(verb, bell=False, who=client.user)
            run.history.append(Revoked(user=client.user))
        for client in run.clients:
            client.must_be_whole = client.must_be_whole and client.user not in {other.user for other in gone}
        await run.hold(run.revoked_seconds + 1.5)
    still = [client.name for client in gone if client.is_synced]
    if still:
        run.complain("leak", f"still connected after their logins have ended: {still}")


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
    await run.until(lambda: not client.is_synced, within=5, what="the client is gone")


def _expect_resync(run: Run, client: Client, channel: int) -> None:
    if not any(event.client == client.name and channel in event.resync for event in run.history.of(Synced)):
        run.complain("gap", f"{client.name} was not told to load {channel} afresh")
