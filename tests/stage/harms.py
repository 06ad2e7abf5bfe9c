"""What raises alerts: mistakes, killed processes, and processes that get few turns."""

import asyncio
import os
import signal

import httpx
import psutil
import pytest
from django.db import connection

from delivery.client.connection import CommandRefused
from tests.conftest import Cast, in_thread
from tests.stage.servers import Server, expect


async def make_a_mistake(server: Server, cast: Cast) -> None:
    """The database refuses what the product does not know to be refused."""
    await in_thread(run_sql, "ALTER TABLE messages ADD CONSTRAINT no_codes CHECK (body <> 'a code')")
    try:
        async with server.connect(cast.token(cast.alice)) as alice:
            ok = await alice.post(cast.team.pk, "hello")
            with pytest.raises(CommandRefused):
                await alice.command("message.edit", channel=cast.team.pk, message=ok["message"]["id"], body="a code")
    finally:
        await in_thread(run_sql, "ALTER TABLE messages DROP CONSTRAINT no_codes")


async def kill_workers(server: Server, supervisor: psutil.Process, *, times: int) -> None:
    """Kills a web process, waits for its successor, and so on."""
    for _ in range(times):
        before_it = {child.pid for child in supervisor.children()}
        os.kill(min(before_it), signal.SIGKILL)
        await expect(lambda old=before_it: len({c.pid for c in supervisor.children()} - old) == 1, within=30)
        await expect(lambda: httpx.get(f"{server.url}/healthz", trust_env=False, timeout=30).is_success, within=30)


async def throttle(processes: list[int]) -> None:
    """Stops the processes for half a second, and lets them go on for as long."""
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in processes:
            os.kill(pid, number)
        await asyncio.sleep(0.5)


def run_sql(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
