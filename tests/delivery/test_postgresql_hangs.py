"""PostgreSQL hangs in the middle of work: waiting clients are told in time, and all is well when it continues."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
from django.db import connection

from delivery.client.connection import CommandRefused, Connection
from tests.conftest import Cast, in_thread
from tests.stage.raw_http import PATIENCE, handshake, head, knock, statuses
from tests.stage.servers import Server, expect


@contextmanager
def standing_still(backends: list[int]) -> Iterator[None]:
    # And who would start others.
    backends.append(psutil.Process(backends[0]).ppid())
    for backend in backends:
        os.kill(backend, signal.SIGSTOP)
    try:
        yield
    finally:
        for backend in backends:
            os.kill(backend, signal.SIGCONT)


def backends_of_others() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in cursor.fetchall()]


async def test_who_comes_in_while_no_connection_answers_is_told_so_and_let_in_later(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(GAPLESS_LIMIT_STATEMENT_SECONDS="1", GAPLESS_LIMIT_POOL_WAIT_SECONDS="1")
    bearer = f"Authorization: Bearer {cast.token(cast.alice)}"
    # By a thread, which then fetches a line; then by the line.
    for _ in range(3):
        async with server.connect(cast.token(cast.alice)) as alice:
            await alice.command("ping")
    with standing_still(await in_thread(backends_of_others)):
        answers = await asyncio.gather(*(knock(server.port, handshake(bearer)) for _ in range(12)))
    assert {status for answer in answers for status in statuses(answer)} == {503}
    async with server.connect(cast.token(cast.alice)) as alice:
        await alice.command("ping")


async def test_requests_and_commands_are_refused_while_no_connection_answers(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(GAPLESS_LIMIT_STATEMENT_SECONDS="1", GAPLESS_LIMIT_POOL_WAIT_SECONDS="1")
    bearer = f"Authorization: Bearer {cast.token(cast.alice)}"
    async with server.connect(cast.token(cast.alice), heads={}) as alice:
        await alice.command("presence", activity="working")
        with standing_still(await in_thread(backends_of_others)):
            answers = await asyncio.gather(
                *(knock(server.port, head("GET /api/v1/users/me/", bearer, "Connection: close")) for _ in range(5)),
                *(knock(server.port, head("GET /invite/abcdefabcdef/", "Connection: close")) for _ in range(5)),
                knock(server.port, head("GET /readyz", "Connection: close")),
            )
            with pytest.raises(CommandRefused, match="unavailable"):
                async with asyncio.timeout(PATIENCE):
                    await alice.command("presence", activity="resting")
        assert {status for answer in answers for status in statuses(answer)} == {503}
        assert all(b"retry-after: 1" in answer.lower() for answer in answers[:-1])
        await expect(lambda: is_done(alice), within=PATIENCE)


async def is_done(connection: Connection) -> bool:
    try:
        await connection.command("presence", activity="at lunch")
    except CommandRefused:
        return False
    return True
