"""Web processes that die, end, stand still, and crash at the worst moment."""

import asyncio
import json
import signal
from collections.abc import Sequence

from tests.faults.clients import Client
from tests.faults.history import Command, Linked
from tests.faults.proxy import POSTING, Fault
from tests.faults.scenarios.run import Run, scenario, timed
from tests.faults.wire import ask

#: A killed process' clients are back elsewhere, the last after so many seconds (DESIGN.md).
BACK = 10.0
#: The close code of a process that goes.
RESTARTING = 4000
#: From SIGTERM to the end of the process.
DRAIN = 30.0


@scenario("process", breaks=["acknowledge before commit"], back=BACK, first_ok=5)
async def kill_nine(run: Run) -> None:
    """A web process dies in the middle of sending."""
    web = run.webs[0]
    async with run.fault(web.name):
        web.kill()


@scenario("process", back=DRAIN, breaks=["no dedup"])
async def sigterm_with_stuck_readers(run: Run) -> None:
    """Twenty of its clients don't read while a process ends: it ends in time all the same."""
    await run.one_at(run.webs[1])
    stuck = run.clients_at(run.webs[1])[:20]
    for client in stuck:
        assert client.socket is not None
        client.socket.transport.pause_reading()
    await _terminate(run, 1, without=stuck)
    for client in stuck:
        client.drop()


@scenario("process", back=BACK + 60, breaks=["no replay", "acknowledge before commit", "leaves changes out"])
async def sigstop_and_sigcont(run: Run) -> None:
    """A web process stands still for a minute (in the short form as long as a client waits), then goes on."""
    web = run.webs[2]
    async with run.fault(web.name):
        web.send(signal.SIGSTOP)
        # Longer than a client waits for a sign of life.
        await run.hold(60 if run.size.is_long else run.size.notice)
        web.send(signal.SIGCONT)


@scenario("process", breaks=["ghosts stay"])
async def no_ghost_after_a_kill(run: Run) -> None:
    """Who was only there and does not come back is shown as gone; who is elsewhere stays."""
    web, elsewhere = run.webs[0], run.webs[1]
    gone = await run.one_at(web)
    channel = run.company.channels_of(gone.user)[0]
    witness = next(user for user in run.company.channels[channel] if user != gone.user)
    stays = run.newcomer(witness, device=9, webs=[elsewhere])

    async def see(expected: str, *, within: float | None = None) -> None:
        await run.until_shown(lambda: _statuses(stays, [gone.user, witness]), {gone.user: expected, witness: "online"},
                              within=within)  # fmt: skip

    await see("online")
    gone.is_away = True
    async with run.fault(web.name):
        web.kill()
    await see("offline", within=run.cluster.limits.get("present_seconds", 75) + 2)
    gone.is_away = False


async def _statuses(client: Client, users: Sequence[int]) -> dict[int, str]:
    path = f"/api/v1/presence/?users={','.join(map(str, users))}"
    status, body = await ask(client.doors[0].port, client.login, "GET", path)
    people = json.loads(body)["users"] if status == 200 else {}
    return {int(user): person["status"] for user, person in people.items()}


@scenario("process", breaks=["no dedup"], back=BACK)
async def crash_between_commit_and_ok(run: Run) -> None:
    """The row is there, the sender was not told, and repeats: one message."""
    web = run.webs[0]
    async with run.fault(web.name):
        snare = web.database.set_snare(POSTING, cuts=False)
        await run.until(snare.caught.is_set, what="a message left")
        # The row is committed by now; the process will never hear of it.
        await asyncio.sleep(0.05)
        web.kill()


@scenario("process", back=BACK, breaks=["no position check"])
async def crash_between_ok_and_announcement(run: Run) -> None:
    """What nobody was told of, and nobody says anything after: the position check must find it."""
    web, sender = run.webs[1], await run.one_at(run.webs[1])
    run.load.is_paused = True
    await run.until(run.is_level, what="nothing is under way")
    async with run.fault(web.name):
        web.redis.apply(Fault(stalls_up=True))
        sender.post(run.company.channels_of(sender.user)[0])
        await run.until(lambda: not sender.waiting, what="an ok from the process that can't announce")
        web.kill()
    positions = run.cluster.limits.get("position_check_seconds", 10)
    await run.until(lambda: run.is_level() and all(client.is_synced for client in run.clients), within=positions + 2,
                    what="everybody has what was not announced")  # fmt: skip
    run.load.is_paused = False


@scenario("process", answer=5, breaks=["acknowledge before commit", "leaves changes out"])
async def the_committer_raises(run: Run) -> None:
    """The database raises what nobody expected, in the middle of batches that others wait for: all are answered."""
    raising = "RAISE EXCEPTION 'what nobody expected'"

    def answered() -> set[str]:
        return {
            event.body for event in run.history.of(Command) if event.phase == "unknown" and event.code == "internal"
        }

    async with run.poison(raising), run.fault("committer"):
        poison = {
            client.post(run.company.channels_of(client.user)[0], f"poison {client.name}").body
            for client in run.clients[:3]
        }
        await run.until(lambda: poison <= answered(), within=5, what="everybody is told that something went wrong")
        await run.hold()


@scenario("process", breaks=["no goodbye"], back=DRAIN)
async def rolling_restart(run: Run) -> None:
    """SIGTERM under load, and the next process only when this one is back; in the short form one process."""
    for number in range(len(run.webs)) if run.size.is_long else [1]:
        await _terminate(run, number)
        await run.webs[number].start()


async def _terminate(run: Run, number: int, *, without: Sequence[Client] = ()) -> None:
    web = run.webs[number]
    here, noted = {client.name for client in run.clients_at(web) if client not in without}, len(run.history)
    async with run.fault(web.name), timed() as seconds:
        code = await web.terminate()
    # What was sent before the end is read at once, but not before this.
    await asyncio.sleep(0.2)
    told = {event.client for event in run.history[noted:] if isinstance(event, Linked) and event.code == RESTARTING}
    if here - told:
        run.complain("silent", f"{len(here - told)} of {len(here)} were not told that {web.name} goes")
    run.expect_within(seconds[0], DRAIN, "the end after SIGTERM")
    if code != 0:
        run.complain("late", f"{web.name} ended with {code} after SIGTERM")
