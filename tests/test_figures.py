"""One channel's figures: how loud, how lively, how slow, how well."""

import datetime
import time
from typing import Any

import pytest

from chat import clock
from chat.admin.channels import figures_table
from chat.figures import FigureNotes, figures_of
from chat.models import Channel, Member
from delivery.errors import TooLong
from delivery.figures import Figures
from delivery.source import Committed
from tests.conftest import Cast, in_thread, said
from tests.servers import Server

COMMITTED = Committed(raw=b"", duplicate=False)


async def noted(channel: Channel, *milliseconds: float) -> None:
    figures = Figures()
    now = time.perf_counter()
    figures.answered(channel.pk, [now - ms / 1000 for ms in milliseconds], [COMMITTED] * len(milliseconds))
    figures.refused(channel.pk, TooLong.code)
    notes = FigureNotes(figures)
    await notes.note()
    await notes.stop()


async def test_the_notes_of_several_processes_are_one_channels_figures(cast: Cast, server: Server) -> None:
    await noted(cast.team, *[8] * 90)
    await noted(cast.team, *[90] * 8, 700, 700)
    figures = await in_thread(figures_of, cast.team)
    assert figures.latency_ms == {"p50": 10, "p95": 100, "p99": 1000}
    assert figures.errors == {"too_long": 2}


async def test_what_was_said_and_who_was_seen_is_counted_from_the_rows(cast: Cast, server: Server) -> None:
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
