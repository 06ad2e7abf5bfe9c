"""Alerts as they reach somebody: a real Prometheus scrapes a real server to which real things happen. Needs Debian's prometheus."""

import os
import re
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from django.db import connection

from delivery.client.connection import CommandRefused
from tests.conftest import Cast, in_thread
from tests.stage.servers import ROOT, Server, expect, free_port
from tests.stage.valkeys import Valkey

pytestmark = pytest.mark.by_hand

Firing = Callable[[], set[str]]


@pytest.fixture
def figures_port() -> int:
    return free_port()


@pytest.fixture
def firing(tmp_path: Path, figures_port: int) -> Iterator[Firing]:
    """What fires now. The rules are those that are shipped, but that nothing has to last."""
    rules = (ROOT / "deploy/prometheus/alerts.yml").read_text()
    (tmp_path / "alerts.yml").write_text(re.sub(r"for: \w+", "for: 2s", rules))
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"scrape_configs: [{{job_name: gapless, static_configs: [{{targets: ['localhost:{figures_port}']}}]}}]\n"
        "rule_files: [alerts.yml]\n"
    )
    port = free_port()
    place = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            ["prometheus", *place, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
        )

    def ask() -> set[str]:
        try:
            alerts = httpx.get(f"http://127.0.0.1:{port}/api/v1/alerts", trust_env=False).json()["data"]["alerts"]
        except httpx.HTTPError:
            return set()
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    yield ask
    process.terminate()
    process.wait()


async def test_alerts_fire_by_what_they_are_for(
    own_server: Callable[..., Server], cast: Cast, valkey: Valkey, firing: Firing, figures_port: int
) -> None:
    server = own_server(arguments=("serve", "--workers", "2"), REDIS_URL=valkey.url, METRICS_PORT=str(figures_port))
    assert server.process is not None
    supervisor = psutil.Process(server.process.pid)
    await expect(lambda: not firing(), within=60)

    async def fires(name: str, *, within: float = 90) -> None:
        await expect(lambda: name in firing(), within=within)
        print(f"seen firing: {name}")

    valkey.kill()
    await fires("GaplessRedisAway")
    valkey.start()
    await expect(lambda: "GaplessRedisAway" not in firing(), within=90)

    [frozen, busy] = [child.pid for child in supervisor.children()]
    os.kill(frozen, signal.SIGSTOP)
    await fires("GaplessStuck")
    os.kill(frozen, signal.SIGCONT)
    await expect(lambda: "GaplessStuck" not in firing(), within=90)

    few = psutil.Process(busy).num_fds() + 5
    before = resource.prlimit(busy, resource.RLIMIT_NOFILE, (few, resource.prlimit(busy, resource.RLIMIT_NOFILE)[1]))
    await fires("GaplessOpenFiles")
    resource.prlimit(busy, resource.RLIMIT_NOFILE, before)

    await in_thread(run, "ALTER TABLE messages ADD CONSTRAINT no_codes CHECK (body <> 'a code')")
    try:
        async with server.connect(cast.token(cast.alice)) as alice:
            ok = await alice.post(cast.team.pk, "hello")
            with pytest.raises(CommandRefused):
                await alice.command("message.edit", channel=cast.team.pk, message=ok["message"]["id"], body="a code")
    finally:
        await in_thread(run, "ALTER TABLE messages DROP CONSTRAINT no_codes")
    await fires("GaplessMistakes")

    for _ in range(5):
        before_it = {child.pid for child in supervisor.children()}
        os.kill(min(before_it), signal.SIGKILL)
        await expect(lambda old=before_it: len({c.pid for c in supervisor.children()} - old) == 1, within=30)
        await expect(lambda: httpx.get(f"{server.url}/healthz", trust_env=False, timeout=30).is_success, within=30)
    await fires("GaplessWorkersDying")

    server.kill()
    await fires("GaplessDown")


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
