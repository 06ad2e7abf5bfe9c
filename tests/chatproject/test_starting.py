"""Starting and ending as an operator does: one sentence for each problem, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from chatproject.embedded.services import Services
from tests.stage.clusters import lay_migrated
from tests.stage.ports import free_port
from tests.stage.servers import ROOT, START_SECONDS, Server

NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "REDIS_URL": "redis://127.0.0.1:1"}


def manage(*arguments: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**kept, "GAPLESS_DATA": str(data), "PORT": str(free_port()), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def said_in_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done
    # What is started, and what is opened to the service account, is said before.
    before = ("gapless: starting", "gapless: lets")
    sentences = [line for line in done.stderr.splitlines() if not line.startswith(before)]
    assert len(sentences) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in sentences[0]


def test_a_port_in_use_is_said_in_one_sentence(tmp_path: Path, server: Server) -> None:
    said_in_one_sentence(
        manage("serve", data=tmp_path / "data", PORT=str(server.port)), "can't listen", str(server.port)
    )


def test_a_data_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    said_in_one_sentence(
        manage("migrate", data=tmp_path / "file" / "data", SECRET_KEY="x" * 32), "can't be written", "GAPLESS_DATA"
    )


@pytest.mark.holds("pool_wait_seconds")
def test_an_unreachable_database_is_said_in_one_sentence(tmp_path: Path) -> None:
    said_in_one_sentence(manage("serve", "--migrate", data=tmp_path, **NOWHERE), "database")


def test_one_url_without_the_other_is_said_in_one_sentence(tmp_path: Path) -> None:
    said_in_one_sentence(manage("check", data=tmp_path, REDIS_URL="redis://127.0.0.1:1"), "REDIS_URL", "DATABASE_URL")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "eighty", "eighty"),
        ("WEB_WORKERS", "0", "from 1 to 64"),
        ("GAPLESS_LIMIT_POOL", "many", "many"),
        ("SENTRY_DSN", "nonsense", "https://key@host/project"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "http://collector:4318"),
        ("ALLOWED_ORIGINS", "chat.example.org", "chat.example.org"),
    ],
)
def test_a_wrong_value_is_said_in_one_sentence(tmp_path: Path, name: str, value: str, says: str) -> None:
    said_in_one_sentence(manage("check", data=tmp_path, **NOWHERE, **{name: value}), name, says)


def test_with_both_urls_nothing_is_started(tmp_path: Path, server: Server) -> None:
    environment = server.environ()
    urls = {name: environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
    assert manage("check", data=tmp_path / "data", **urls).returncode == 0
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder in which all migrations have run before, and nothing runs."""
    lay_migrated(tmp_path / "data")
    return tmp_path / "data"


def services_of(data: Path) -> list[psutil.Process]:
    """The keeper, PostgreSQL and Valkey of this data folder; of PostgreSQL only the first process names it."""
    # Where the path is long, Valkey names the shorter folder of its socket alone.
    places = (str(data), str(Services(data).sockets))
    found = []
    for process in psutil.process_iter(["cmdline", "pid"]):
        words = process.info["cmdline"] or []
        if (
            any(place in word for word in words for place in places)
            and process.info["pid"] != os.getpid()
            and "-c" not in words[:2]
        ):
            found.append(process)
    return found


def test_the_end_of_the_server_ends_all_that_it_started_and_blocks_nothing(data: Path) -> None:
    # Each start shows what the end before it has left behind.
    ends = ((signal.SIGINT, 2), (signal.SIGTERM, 2), (signal.SIGKILL, 2), (signal.SIGTERM, 1))
    for number, workers in ends:
        server = Server(
            arguments=("serve", "--workers", str(workers)),
            is_forked=False,
            GAPLESS_DATA=str(data),
            DATABASE_URL="",
            REDIS_URL="",
        )
        server.start()
        assert {"postgres", "valkey-server"} <= {process.name() for process in services_of(data)}
        server.signal(number)
        assert server.process is not None
        server.process.wait(35)
        deadline = time.monotonic() + (0 if number != signal.SIGKILL else START_SECONDS)
        while services_of(data):
            assert time.monotonic() <= deadline, services_of(data)
            time.sleep(0.1)
        server.log.unlink()


def test_a_killed_keeper_takes_its_services_along_and_the_next_start_works(data: Path) -> None:
    holding = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; from pathlib import Path; from chatproject.embedded import services;"
         "services.ensure(Path(sys.argv[1])); print('up', flush=True); time.sleep(60)", str(data)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert holding.stdout is not None
    assert holding.stdout.readline() == "up\n"
    [keeper] = [
        process for process in services_of(data) if "chatproject.embedded.keeper" in " ".join(process.cmdline())
    ]
    keeper.kill()
    assert manage("check", "--database", "default", data=data).returncode == 0
    holding.kill()
    holding.wait()


def test_two_instances_run_side_by_side_and_one_begins_with_nothing(tmp_path: Path, data: Path) -> None:
    servers = [
        Server(
            arguments=("serve", "--migrate", "--workers", "1"),
            is_forked=False,
            GAPLESS_DATA=str(folder),
            DATABASE_URL="",
            REDIS_URL="",
        )
        for folder in (data, tmp_path / "new")
    ]
    try:
        for server in servers:
            server.start()
            assert httpx.get(f"{server.url}/readyz").json()["ready"] is True
    finally:
        for server in servers:
            server.stop()


def test_a_crashed_service_is_started_again(data: Path) -> None:
    server = Server(
        arguments=("serve", "--migrate", "--workers", "1"),
        is_forked=False,
        GAPLESS_DATA=str(data),
        DATABASE_URL="",
        REDIS_URL="",
    )
    server.start()
    try:
        for name in ("valkey-server", "postgres"):
            next(process for process in services_of(data) if process.name() == name).kill()
            deadline = time.monotonic() + START_SECONDS
            while True:
                ready = httpx.get(f"{server.url}/readyz").json()
                if ready["ready"] and ready["dependencies"]["redis"]["ok"] and len(services_of(data)) >= 3:
                    break
                assert time.monotonic() < deadline, ready
                time.sleep(0.1)
    finally:
        server.stop()
