"""A real Prometheus (Debian's) that scrapes real servers each second, with the rules that are shipped; nothing has to last."""

import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.stage.ports import free_port
from tests.stage.servers import ROOT, expect

#: For a fault that lasts to be counted, scraped and judged, on a busy machine.
FIRES_SECONDS = 90.0


class Prometheus:
    def __init__(self, folder: Path, *ports: int) -> None:
        """`ports`: where the figures of each server are. Skips where the machine does not have the program."""
        program = shutil.which("prometheus")
        if program is None:
            pytest.skip("apt-get install prometheus: it is not there")
        rules = (ROOT / "deploy/prometheus/alerts.yml").read_text()
        (folder / "alerts.yml").write_text(re.sub(r"for: \w+", "for: 2s", rules))
        targets = ", ".join(f"'localhost:{port}'" for port in ports)
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            f"scrape_configs: [{{job_name: gapless, static_configs: [{{targets: [{targets}]}}]}}]\n"
            "rule_files: [alerts.yml]\n"
        )
        self._port = free_port()
        place = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [program, *place, f"--web.listen-address=127.0.0.1:{self._port}"], stdout=log, stderr=log
            )

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()

    def firing(self) -> set[str]:
        try:
            said = httpx.get(f"http://127.0.0.1:{self._port}/api/v1/alerts", trust_env=False).json()
        except httpx.HTTPError:
            return set()
        return {alert["labels"]["alertname"] for alert in said["data"]["alerts"] if alert["state"] == "firing"}

    async def fires(self, name: str, *, within: float = FIRES_SECONDS) -> None:
        await expect(lambda: name in self.firing(), within=within)
        print(f"seen firing: {name}")

    async def is_quiet(self, name: str, *, within: float = FIRES_SECONDS) -> None:
        await expect(lambda: name not in self.firing(), within=within)
