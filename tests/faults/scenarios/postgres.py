"""PostgreSQL restarted, crashed, frozen, cut off at the worst moment, busy, and refusing."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from tests.faults.history import Command
from tests.faults.proxy import POSTING, Fault
from tests.faults.scenarios.run import Run, scenario
from tests.faults.services import Postgres

#: Sends are answered `unavailable` within 3 s (and a little for a busy machine); after PostgreSQL's return the first one
#: succeeds within 5 s (DESIGN.md).
ANSWER, FIRST_OK = 3.5, 5.0
#: A row lock may be waited for 3 s, and a connection before that for 3 s.
BUSY_ANSWER = 7.0


@scenario("postgres", answer=ANSWER, first_ok=FIRST_OK, breaks=["acknowledge before commit", "leaves changes out"])
async def postgres_restarted_fast(run: Run) -> None:
    """As an administrator does it: sessions are ended, nothing is recovered."""
    await _restart(run, Postgres.FAST)


@scenario("postgres", answer=ANSWER, first_ok=FIRST_OK, breaks=["acknowledge before commit", "commit without waiting"])
async def postgres_restarted_immediately(run: Run) -> None:
    """Without a word to anybody; the next start recovers from the log."""
    await _restart(run, Postgres.IMMEDIATE)


@scenario("postgres", answer=ANSWER, first_ok=FIRST_OK, breaks=["acknowledge before commit", "commit without waiting"])
async def postgres_killed(run: Run) -> None:
    """SIGKILL for all of PostgreSQL, under load."""
    postgres = run.cluster.services.postgres
    async with run.fault("postgres"):
        postgres.kill()
        await run.hold()
        await postgres.start()


@scenario("postgres", answer=ANSWER, first_ok=FIRST_OK, breaks=["waits for PostgreSQL"])
async def postgres_frozen(run: Run) -> None:
    """PostgreSQL stands still without closing anything, as a machine does whose disk hangs."""
    postgres = run.cluster.services.postgres
    async with run.fault("postgres"):
        postgres.freeze()
        await run.hold(max(run.size.fault, 4))
        postgres.thaw()


@scenario("postgres", answer=ANSWER, first_ok=FIRST_OK, breaks=["acknowledge before commit", "leaves changes out"])
async def every_connection_terminated(run: Run) -> None:
    """pg_terminate_backend for all that the web processes have."""
    async with run.fault("postgres"):
        await asyncio.to_thread(run.cluster.services.postgres.cut_backends)
    await run.hold()


@scenario("postgres", answer=ANSWER, first_ok=FIRST_OK, breaks=["no dedup"])
async def connection_lost_after_commit_was_sent(run: Run) -> None:
    """Whether it was committed nobody knows; the same client_msg_id finds it out."""
    async with run.fault("postgres"):
        snares = [web.database.set_snare(POSTING, times=2) for web in run.webs]
        await run.hold(max(run.size.fault, 2))
        await run.until(lambda: all(snare.caught.is_set() for snare in snares), what="a message left each process")


@scenario("postgres", answer=BUSY_ANSWER, first_ok=FIRST_OK, breaks=["acknowledge before commit", "leaves changes out"])
async def pool_exhausted(run: Run) -> None:
    """Everything waits for one table lock for 30 s: senders are answered, and it goes on afterwards."""
    async with run.fault("postgres"), _transaction(run) as transaction:
        # One table, not several: who takes them one after the other can deadlock with who holds the second.
        await asyncio.to_thread(transaction.execute, "LOCK TABLE channels IN ACCESS EXCLUSIVE MODE")
        await run.hold(30 if run.size.is_long else 2)


@scenario("postgres", first_ok=FIRST_OK, breaks=["one lane for all"])
async def one_channel_locked(run: Run) -> None:
    """The others go on: what was sent there meanwhile is answered within a second."""
    channel = min(run.company.channels)
    async with run.fault("postgres"), _transaction(run) as transaction:
        await asyncio.to_thread(transaction.execute, f"SELECT 1 FROM channels WHERE id = {channel} FOR UPDATE")
        begun = time.monotonic()
        await run.hold(20 if run.size.is_long else 2)
    slow = _slowest_elsewhere(run, channel, begun)
    run.expect_within(slow, 1, "an answer in another channel")


@scenario("postgres", answer=2, breaks=["one poison spoils all"])
async def a_poison_row_in_a_batch(run: Run) -> None:
    """Only it fails: what stood beside it in the batch is accepted."""
    raising = "RAISE numeric_value_out_of_range USING MESSAGE = 'poison'"
    channel, members = next(iter(run.company.channels.items()))
    async with run.poison(raising), run.fault("postgres"):
        for round_ in range(5):
            for number, client in enumerate(client for client in run.clients if client.user in members):
                client.post(channel, f"poison {client.name} {round_}" if number == 1 else "")
            await run.hold(0.1)
        await run.hold()
        # The last of them waits behind those before it, longer on a busy machine.
        await run.until(lambda: len(_poison_taken(run)) + len(_refused(run)) >= 5, what="an answer to every poison row")
    refused = _refused(run)
    if _poison_taken(run) or len(refused) != 5:
        run.complain("lost", f"{len(refused)} of 5 poison rows were refused", refused[:3])
    if any(not draft.body.startswith("poison") for draft in refused):
        run.complain("lost", "a sound message was refused with the poison", refused)


def _poison_taken(run: Run) -> set[str]:
    return {e.body for e in run.history.of(Command) if e.phase == "ok" and e.body.startswith("poison")}


def _refused(run: Run) -> list[Any]:
    return [draft for client in run.clients for draft in client.outbox.refused]


@scenario("postgres", answer=BUSY_ANSWER, breaks=["no gap check"])
async def a_deadlock(run: Run) -> None:
    """A transaction takes the sender's row and then the channel's; posting takes them the other way round."""
    client = run.clients[0]
    channel = run.company.channels_of(client.user)[0]
    async with run.fault("postgres"), _transaction(run) as transaction:
        await asyncio.to_thread(transaction.execute, f"SELECT 1 FROM users WHERE id = {client.user} FOR UPDATE")
        client.post(channel)
        await asyncio.sleep(0.3)
        with contextlib.suppress(Exception):
            await asyncio.to_thread(transaction.execute, f"UPDATE channels SET head = head WHERE id = {channel}")
        await run.hold()


@scenario("postgres", answer=ANSWER, breaks=["no gap check"])
async def postgres_slow(run: Run) -> None:
    """20 to 40 ms more for everything that is asked of PostgreSQL."""
    async with run.fault("postgres"):
        for web in run.webs:
            web.database.apply(Fault(latency_seconds=0.02, jitter_seconds=0.02))
        await run.hold()


async def _restart(run: Run, number: int) -> None:
    postgres = run.cluster.services.postgres
    async with run.fault("postgres"):
        await postgres.end(number)
        await run.hold(run.size.fault)
        await postgres.start()


@contextlib.asynccontextmanager
async def _transaction(run: Run) -> AsyncIterator[Any]:
    """A connection with an open transaction, rolled back at the end."""
    connection = await asyncio.to_thread(run.cluster.services.postgres.connect)
    try:
        await asyncio.to_thread(connection.execute, "BEGIN")
        yield connection
    finally:
        await asyncio.to_thread(connection.close)


def _slowest_elsewhere(run: Run, channel: int, begun: float) -> float:
    sent: dict[tuple[str, int, int], float] = {}
    slowest = 0.0
    for command in run.history.of(Command):
        identity = command.client, command.connection, command.ref
        if command.phase == "invoke" and command.channel != channel and command.at > begun:
            sent[identity] = command.at
        elif identity in sent:
            slowest = max(slowest, command.at - sent.pop(identity))
    return max([slowest, *(time.monotonic() - at for at in sent.values())])
