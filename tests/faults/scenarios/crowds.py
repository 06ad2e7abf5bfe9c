"""Many at once: all come back, two thousand come back, two hundred stop reading."""

import asyncio

import psutil

from tests.faults.clients import Client
from tests.faults.habits import Habits
from tests.faults.recovery import delays, percentile
from tests.faults.scenarios.run import Run, scenario

#: In the long form: as many as two cores bear together with the processes that serve them.
CROWD = 2000
#: Of the crowd, those that come in at a time: each has 5 s from the handshake to its sync.
COMING_IN = 100
#: A crowd that comes again at once keeps itself out. As patient as the contract has it; one process plays all, and is late itself.
PATIENT = Habits(silence=20, reply=60, backoff=0.5, backoff_most=30)
#: A killed process' clients are back elsewhere within this (DESIGN.md); so are a few dozen that were cut off all at once.
BACK = 10.0
STUCK = {False: 20, True: 200}
#: The others' p99 beside so many stuck readers, in relation to the time before.
MOST_SLOWER = 2.0
#: What is unsent to one socket, at most (DESIGN.md), and a little for the process around it.
STUCK_BYTES, BESIDE_BYTES = 1024 * 1024, 64 * 1024 * 1024


@scenario("clients", breaks=["no replay", "acknowledge before commit", "leaves changes out"])
async def all_come_back_at_once(run: Run) -> None:
    """In the long form two thousand; then nothing is promised but that they all come, and the report says how soon."""
    if run.size.is_long:
        await _gather_a_crowd(run)
    async with run.fault("all clients"):
        for web in run.webs:
            web.front.cut()
        for channel in list(run.company.channels)[-5:]:
            await run.cluster.stage.ask(
                "post", who=run.company.channels[channel][0], channel=channel, body=f"while all were away {channel}"
            )
    await run.until(
        lambda: all(client.is_synced for client in run.clients),
        within=None if run.size.is_long else BACK,
        what="everybody is back",
    )


async def _gather_a_crowd(run: Run) -> None:
    crowd = await run.cluster.company(people=CROWD, channels=CROWD // 100, members=100)
    run.company.tokens.update(crowd.tokens)
    run.company.channels.update(crowd.channels)
    for start in range(0, CROWD, COMING_IN):
        coming = [run.newcomer(user, device=0, habits=PATIENT) for user in crowd.users[start : start + COMING_IN]]
        await run.until(lambda coming=coming: all(client.is_synced for client in coming), what="the crowd is in")


@scenario("clients", breaks=["no outbox cap"], is_gentle=True)
async def a_reader_with_a_closed_window(run: Run) -> None:
    """One stops reading and is sent away when too much waits for it; nobody else notices."""
    [(channel, members), *_] = run.company.channels.items()
    slow = run.newcomer(members[0], device=9, habits=Habits(silence=3600, reply=3600))
    await run.until(lambda: slow.is_synced, what="the slow reader is in")
    assert slow.socket is not None
    others = [other for other in run.clients if other.user in members and other is not slow]
    # What is asked for again must stay little enough to be replayed.
    run.load.is_paused = True
    async with run.fault("one reader"):
        slow.socket.transport.pause_reading()
        start = slow.held[channel]
        for number in range(120):
            others[number % len(others)].post(channel, f"{number} " + "x" * 1900)
        await run.until(lambda: not any(other.waiting for other in others), what="the flood is posted")
        # Asking for it again and again: more than the machine's own buffers take, and then more than the product keeps.
        for _ in range(60):
            slow.socket.send({"op": "sync", "channels": {str(channel): start}})
            await asyncio.sleep(0.02)
        slow.socket.transport.resume_reading()
    await run.until(
        lambda: slow.notes.connection > 1 and slow.is_synced, what="the slow reader was sent away and is back"
    )
    run.load.is_paused = False
    for seconds in delays(run.history, without={slow.name})[-1:]:
        run.expect_within(seconds, 2, "showing the flood to those who read")


@scenario("clients", is_gentle=True, breaks=["no replay", "acknowledge before commit", "leaves changes out"])
async def many_readers_with_closed_windows(run: Run) -> None:
    """They stay, and what they don't read is kept for them within its bounds; the others notice nothing."""
    many = STUCK[run.size.is_long]
    habits = Habits(silence=3600, reply=3600, ping=3600)
    places = [(user, device) for device in (8, 9) for user in run.company.users][:many]
    stuck = [run.newcomer(user, device=device, habits=habits) for user, device in places]
    names = {client.name for client in stuck}
    await run.until(lambda: all(client.is_synced for client in stuck), what="they are in")
    # What their coming in cost is not what their standing still is compared with.
    await run.hold(run.size.lead)
    begun = len(run.history)
    await run.hold()
    before, memory = len(run.history), _memory(run)
    async with run.fault("many readers"):
        for client in stuck:
            assert client.socket is not None
            client.socket.transport.pause_reading()
        await _talk_at_length(run, stuck)
        grown = _memory(run) - memory
        for client in stuck:
            client.drop()
    if grown > many * STUCK_BYTES + BESIDE_BYTES:
        run.complain("grown", f"{many} stuck readers took {grown / 2**20:.0f} MiB")
    if run.size.is_long:
        _compare(run, begun, before, names)
    await run.until(lambda: all(client.has_caught_up for client in stuck), what="they have read what they missed")


async def _talk_at_length(run: Run, stuck: list[Client]) -> None:
    # Long bodies beside the usual load, so that what waits grows; asked for again by everybody, it grows faster.
    talkers = [client for client in run.clients if client not in stuck]
    for number in range(20):
        client = talkers[number % len(talkers)]
        client.post(run.chance.choice(run.company.channels_of(client.user)), f"{number} " + "x" * 1900)
        for reader in stuck if number % 5 == 4 else ():
            if reader.socket is not None and not reader.socket.closed.done():
                reader.socket.send({"op": "sync", "channels": {str(c): held for c, held in reader.held.items()}})
        await run.hold(run.size.fault / 20)


def _memory(run: Run) -> int:
    return sum(psutil.Process(web.process.pid).memory_info().rss for web in run.webs if web.process is not None)


def _compare(run: Run, begun: int, before: int, names: set[str]) -> None:
    quiet = percentile(delays(run.history[begun:before], without=names), 99)
    beside = percentile(delays(run.history[before:], without=names), 99)
    sentence = f"p99 from sending to being shown: {quiet * 1000:.0f} ms before, {beside * 1000:.0f} ms beside {len(names)} stuck"
    print(sentence, flush=True)
    if beside > max(MOST_SLOWER * quiet, 0.1):
        run.complain("late", sentence)
