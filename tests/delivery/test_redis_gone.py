"""A connection to Redis that goes at an unlucky moment is Redis away, and nothing is begun when the process ends."""

import logging
from types import SimpleNamespace

import pytest
import uvloop
from django.conf import settings

from delivery.bus import bell
from delivery.redis import REDIS_AWAY, loop_client


def test_writing_to_a_connection_that_has_just_gone_is_redis_away(db: None) -> None:
    async def write() -> None:
        redis = loop_client(settings.REDIS_URL)
        await redis.ping()
        [connection] = redis.connection_pool._available_connections
        connection._writer.transport.abort()
        try:
            with pytest.raises(REDIS_AWAY):
                # Past the retries, which would hide it behind a new connection.
                await connection._send_packed_command([b"PING"])
        finally:
            await redis.aclose()

    uvloop.run(write())


@pytest.mark.parametrize(
    ("part", "as_it_is_then"),
    [
        ("threading", SimpleNamespace(main_thread=lambda: SimpleNamespace(is_alive=lambda: False))),
        ("thread", SimpleNamespace(_shutdown=True)),
    ],
)
def test_nothing_is_announced_when_the_process_ends(
    part: str, as_it_is_then: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gapless.bell")
    monkeypatch.setattr(bell, part, as_it_is_then)
    monkeypatch.setattr(bell, "_ring_here", None)
    bell.ring([])
    assert [line.getMessage().split(":")[0] for line in caplog.records] == ["the process ends"]
