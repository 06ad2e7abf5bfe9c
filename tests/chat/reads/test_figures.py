"""The figures of one channel: messages, active members, latency, errors."""

import datetime
from typing import Any
from unittest import mock

import pytest
import redis
from django.conf import settings
from django.test import Client

from chat import clock
from chat.admin.channels import figures_table
from chat.live.node import ChatNode
from chat.models import Channel, Member
from chat.reads.statistics import FigureNotes, figures_of
from delivery.live.channel_counts import CountedChannels
from delivery.source import Committed
from delivery.wire.errors import TooLong
from tests.conftest import Cast, in_thread, said
from tests.stage.servers import Server, expect

COMMITTED = Committed(raw=b"", duplicate=False)


async def noted(channel: Channel, *milliseconds: float) -> None:
    counted = CountedChannels()
    # The clock stands still: a machine that is busy for two milliseconds would count into the next step.
    with mock.patch("delivery.live.channel_counts.time.perf_counter", return_value=1000.0):
        counted.answered(channel.pk, [1000 - ms / 1000 for ms in milliseconds], [COMMITTED] * len(milliseconds))
    counted.refused(channel.pk, TooLong.code)
    notes = FigureNotes(counted)
    await notes.note()
    # What was noted is not noted again.
    await notes.note()
    await notes.stop()


async def test_the_notes_of_several_processes_are_one_channels_figures(cast: Cast, server: Server) -> None:
    await noted(cast.team, *[8] * 90)
    await noted(cast.team, *[90] * 8, 700, 700)
    figures = await in_thread(figures_of, cast.team)
    assert figures.latency_ms == {"p50": 10, "p95": 100, "p99": 1000}
    assert figures.errors == {"too_long": 2}
    [shown] = (await in_thread(figures_table, cast.team)).rows
    assert shown[2:] == ("p50 10 ms, p95 100 ms, p99 1,000 ms", "too_long 2")


async def test_figures_are_of_the_last_five_minutes_and_end_by_themselves(
    cast: Cast, server: Server, standing_clock: datetime.datetime
) -> None:
    now = clock.now()

    def figures_after(minutes: int) -> Any:
        with clock.at(now + datetime.timedelta(minutes=minutes)):
            return figures_of(cast.team)

    with clock.at(now):
        await noted(cast.team, 8)
    assert (await in_thread(figures_after, 4)).errors == {"too_long": 1}
    gone = await in_thread(figures_after, 5)
    assert (gone.latency_ms, gone.errors) == (None, {})
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        keys = list(client.scan_iter(f"gapless:figures:{cast.team.pk}:*"))
        assert keys
        assert all(0 < client.ttl(key) <= 360 for key in keys)


async def test_a_running_process_notes_by_itself(cast: Cast, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr("chat.reads.statistics.NOTE_SECONDS", 0.01)
    node = ChatNode()
    node.counted.refused(cast.team.pk, TooLong.code)
    await node.start()
    try:
        await expect(lambda: in_thread(lambda: figures_of(cast.team).errors == {"too_long": 1}))
    finally:
        await node.stop()


async def test_what_was_said_and_who_was_seen_is_counted_from_the_rows(
    cast: Cast, server: Server, standing_clock: datetime.datetime
) -> None:
    def prepare() -> Any:
        with clock.at(clock.now() - datetime.timedelta(minutes=30)):
            said(cast.alice, cast.team)
        for n in range(5):
            said(cast.alice, cast.team, f"now {n}")
        Member.objects.filter(user=cast.bob).update(last_seen=clock.now())
        cast.team.refresh_from_db()
        return figures_of(cast.team)

    figures = await in_thread(prepare)
    assert (figures.members, figures.active_members) == (2, 1)
    assert (figures.messages_last_minute, figures.messages_last_hour, figures.messages_a_minute) == (5, 6, 1.0)
    [shown] = (await in_thread(figures_table, cast.team)).rows
    assert shown[:2] == ("1 (6 in the last hour)", "1 of 2")


def test_members_see_the_figures_and_nobody_else(cast: Cast, server: Server) -> None:
    path = f"/channels/{cast.team.pk}/stats/"
    with server.http(cast.token(cast.bob)) as bob, server.http(cast.token(cast.charlie)) as charlie:
        found = bob.get(path)
        assert found.status_code == 200, found.text
        assert found.json()["members"] == 2
        assert charlie.get(path).status_code == 404
    staff = Client()
    staff.force_login(cast.sam)
    page = staff.get(f"/admin/chat/channel/{cast.team.pk}/change/").content.decode()
    assert "Figures of the last 5 minutes" in page


def test_without_redis_latency_and_errors_are_unknown(cast: Cast, settings: Any, transactional_db: None) -> None:
    settings.REDIS_URL = "redis://localhost:9"
    figures = figures_of(cast.team)
    assert (figures.latency_ms, figures.errors, figures.members) == (None, None, 2)


@pytest.mark.parametrize("milliseconds", [0.5, 4_000, 30_000])
async def test_every_latency_has_a_class(cast: Cast, server: Server, milliseconds: float) -> None:
    await noted(cast.team, milliseconds)
    latency = (await in_thread(figures_of, cast.team)).latency_ms
    assert latency is not None
    assert latency["p50"] >= milliseconds
