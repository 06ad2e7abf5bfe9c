"""Metrics: named as Prometheus expects, documented, protected, and right with several processes."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import time
from collections.abc import Callable

import httpx
import psutil
import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import Resolver404, resolve
from prometheus_client.parser import text_string_to_metric_families

from chatproject import env, tables, version
from chatproject.serving.measuring import http_responses, measured, metrics_page
from delivery.client.connection import CommandRefused
from delivery.wire.errors import REFUSALS
from delivery.wire.types import CloseCode
from tests.conftest import Cast, locked
from tests.stage.patience import AT_LOCKS
from tests.stage.ports import free_port
from tests.stage.servers import ROOT, Server, expect

#: Everything that may be a label: each has few values, whatever people do.
LABELS = {
    "outcome",
    "code",
    "door",
    "way",
    "name",
    "result",
    "route",
    "method",
    "status",
    "alias",
    "vendor",
    "type",
    "reason",
    "what",
    "worker",
    "version",
    "commit",
}


@pytest.mark.fast
@pytest.mark.parametrize("figure", tables.exported(), ids=lambda figure: figure.name)
def test_names_follow_the_conventions_and_labels_are_bounded(figure: tables.Figure) -> None:
    assert re.fullmatch(r"(gapless|django_db|process)(_[a-z]+)+", figure.name)
    assert (figure.kind == "counter") == figure.name.endswith("_total")
    assert set(figure.labels) <= LABELS
    assert figure.says.endswith(".")
    if figure.kind == "histogram":
        assert re.search(r"_(seconds|messages|changes)$", figure.name), "a base unit"


@pytest.mark.fast
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "10.0.0.7"}, 200),
        ({"REMOTE_ADDR": "192.0.2.1"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        # Through a proxy on this machine the whole world would come from 127.0.0.1.
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}, 403),
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_AUTHORIZATION": "Bearer of figures"}, 200),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "x", "HTTP_AUTHORIZATION": "Bearer of figures"}, 200),
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_AUTHORIZATION": "Bearer of news"}, 403),
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_AUTHORIZATION": "Bearer "}, 403),
    ],
)
def test_metrics_answer_only_tokens_and_addresses_that_were_named(
    settings: object, headers: dict[str, str], status: int
) -> None:
    settings.METRICS_TOKEN = "of figures"  # type: ignore[attr-defined]
    settings.METRICS_ALLOWED = env.networks("METRICS_ALLOWED", ["127.0.0.0/8", "::1", "10.0.0.0/24"])  # type: ignore[attr-defined]
    assert metrics_page(RequestFactory().get("/metrics", **headers)).status_code == status


@pytest.mark.fast
def test_without_a_token_no_bearer_is_let_in(settings: object) -> None:
    settings.METRICS_TOKEN = ""  # type: ignore[attr-defined]
    request = RequestFactory().get("/metrics", REMOTE_ADDR="192.0.2.1", headers={"authorization": "Bearer "})
    assert metrics_page(request).status_code == 403


@pytest.mark.fast
@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.7", 403)])
def test_as_shipped_only_this_machine_may_read_the_metrics(address: str, status: int) -> None:
    assert metrics_page(RequestFactory().get("/metrics", REMOTE_ADDR=address)).status_code == status


def test_the_fence_is_around_the_page_that_is_served(server: Server) -> None:
    through_a_proxy = {"X-Forwarded-For": "192.0.2.1"}
    assert httpx.get(f"{server.url}/metrics", headers=through_a_proxy, trust_env=False).status_code == 403


def scraped(server: Server, *, port: int = 0) -> dict[str, float]:
    page = httpx.get(f"http://localhost:{port or server.port}/metrics", trust_env=False, timeout=30)
    assert page.status_code == 200, page.text
    return {
        sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }


async def test_several_processes_are_counted_as_one_on_a_port_of_their_own(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    port = free_port()
    server = own_server(arguments=("serve", "--workers", "2"), METRICS_PORT=str(port), **AT_LOCKS)
    assert server.process is not None
    await expect(lambda: "process_open_fds 2" in scraped(server, port=port))
    has_the_figures_alone_behind_the_same_fence(server, port=port)
    people = [server.connect(cast.token(user)) for user in (cast.alice, cast.bob, cast.bob, cast.bob)]
    for connection in people:
        await connection.__aenter__()
    for n in range(10):
        await people[0].post(cast.team.pk, f"message {n}")
    with pytest.raises(CommandRefused):
        await people[0].post(cast.team.pk, "x" * 3000)
    for connection in people:
        await expect(lambda c=connection: len(c.changes.get(cast.team.pk, [])) == 10)
    await everything_is_counted(server, cast, port=port)

    killed_at = time.time()
    for worker in psutil.Process(server.process.pid).children():
        os.kill(worker.pid, signal.SIGKILL)
    for connection in people:
        await connection.wait_closed()
    figures = await expect(lambda: (now := scraped(server, port=port)).get("gapless_sockets") == 0 and now, within=30)
    assert figures["gapless_messages_total committed"] == 10, "what was counted stays counted"

    figures = await expect(lambda: "process_open_fds 2" in (now := scraped(server, port=port)) and now, within=30)
    assert figures["process_start_time_seconds 1"] >= killed_at - 1, "the place of who is gone is taken by who follows"
    await drains_in_sight(server, cast, port=port)


async def everything_is_counted(server: Server, cast: Cast, *, port: int) -> None:
    # Gauges are read once a second.
    level = {"gapless_bus_hearing": 1, "gapless_sockets": 4}
    figures = await expect(lambda: level.items() <= (now := scraped(server, port=port)).items() and now, within=10)
    assert figures["gapless_messages_total committed"] == 10
    assert figures["gapless_deliveries_total"] == 40
    assert figures["gapless_errors_total too_long socket"] == 1
    assert figures["gapless_handshakes_total accepted"] == figures["gapless_opening_seconds_count"] == 4
    assert figures["gapless_commit_seconds_count"] == 10
    assert figures["gapless_deliver_seconds_count own"] == 10
    assert figures["gapless_pool_in_use"] <= figures["gapless_pool_connections"] <= 20
    of_people = [name for name in figures if not name.startswith("process_")]
    assert not any(str(cast.team.pk) in name.split() or "alice" in name for name in of_people)


async def drains_in_sight(server: Server, cast: Cast, *, port: int) -> None:
    alice = server.connect(cast.token(cast.alice))
    await alice.__aenter__()
    with locked(cast.team) as release:
        last = asyncio.ensure_future(alice.post(cast.team.pk, "the last one"))
        # So that it is sent before the ping: once that is answered, it waits in its lane.
        await asyncio.sleep(0)
        await alice.command("ping")
        server.signal(signal.SIGTERM)
        await expect(lambda: not is_listened_to(server.port))
        assert scraped(server, port=port)["gapless_messages_total committed"] == 10
        release.set()
        await last
    await alice.wait_closed()


def is_listened_to(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def has_the_figures_alone_behind_the_same_fence(server: Server, *, port: int) -> None:
    assert httpx.get(f"{server.url}/metrics", trust_env=False).status_code == 404, "no path of the product any more"
    figures = f"http://localhost:{port}/metrics"
    assert httpx.get(figures, headers={"X-Forwarded-For": "192.0.2.1"}, trust_env=False).status_code == 403
    assert httpx.get(f"http://localhost:{port}/", trust_env=False).status_code == 404
    now = scraped(server, port=port)
    assert {name.split()[1] for name in now if name.startswith("process_open_fds ")} == {"1", "2", "supervisor"}
    assert now[f"gapless_build_info {version.commit()} {version.VERSION}"] == 1
    assert 0 <= time.time() - now["gapless_turn_timestamp_seconds"] < 30


def test_what_is_counted_is_there_from_the_first_scrape(own_server: Callable[..., Server]) -> None:
    """An `increase()` of a series that begins at 1 is 0: the first event of its kind would never be seen."""
    figures = scraped(own_server(arguments=("serve", "--workers", "2")))
    for figure in tables.exported():
        assert any(key.split()[0].startswith(figure.name) for key in figures), figure.name
    for refusal in REFUSALS:
        assert {figures[f"gapless_errors_total {refusal.code} {door}"] for door in ("socket", "http")} == {0}
    assert {figures[f"gapless_closes_total {int(code)}"] for code in CloseCode} == {0}
    assert {figures[f"gapless_messages_total {outcome}"] for outcome in ("committed", "duplicate", "refused")} == {0}
    breakers = {key.split()[1] for key in figures if key.startswith("gapless_breaker_open ")}
    assert {"postgres_commit", "redis_layer", "redis_limits"} <= breakers
    assert {figures[f"gapless_breaker_failures_total {name}"] for name in breakers} == {0}
    for asked in ("POST api/v1/channels/<int:pk>/messages/ 201", "GET admin/ 500", "POST sign-in/ 503"):
        assert figures[f"gapless_http_responses_total {asked}"] == 0
    assert figures["django_db_new_connection_errors_total default postgresql"] == 0


@pytest.mark.fast
def test_alerts_and_dashboard_use_only_metrics_that_exist() -> None:
    known = set()
    for figure in tables.exported():
        suffixes = ("_bucket", "_sum", "_count") if figure.kind == "histogram" else ("",)
        known |= {figure.name + suffix for suffix in suffixes}
    for file in ("prometheus/alerts.yml", "grafana/dashboard.json"):
        used = set(re.findall(r"\b(?:gapless|django|process)_[a-z_]+\b", (ROOT / "deploy" / file).read_text()))
        assert used, file
        assert used - known - {figure.name for figure in tables.exported()} == set(), file


@pytest.mark.fast
def test_labels_in_alerts_are_those_of_the_metric() -> None:
    labels = {figure.name: set(figure.labels) | {"le"} for figure in tables.exported()}
    text = "".join((ROOT / "deploy" / file).read_text() for file in ("prometheus/alerts.yml", "grafana/dashboard.json"))
    for name, inside in re.findall(r"\b((?:gapless|django|process)_[a-z_]+)\{([^}]*)\}", text):
        assert set(re.findall(r"(\w+)=", inside)) <= labels[name], name


@pytest.mark.fast
async def test_http_is_counted_by_the_paths_pattern_whatever_is_asked_for() -> None:
    async def respond(request: object) -> HttpResponse:
        return HttpResponse(status=404)

    for path in (
        "/api/v1/channels/1/",
        "/api/v1/channels/2/",
        "/nothing/1",
        "/nothing/2",
        "/admin/chat/user/7/change/",
    ):
        request = RequestFactory().generic("BREW", path)
        with contextlib.suppress(Resolver404):
            request.resolver_match = resolve(path)
        await measured(respond)(request)
    [family] = http_responses.collect()
    counted = {
        s.labels["route"]: s.value for s in family.samples if s.labels["method"] == "other" and "total" in s.name
    }
    assert counted == {"api/v1/channels/<int:pk>/": 2, "other": 2, "admin/": 1}
