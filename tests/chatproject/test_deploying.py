"""The files of deploy/: what real proxies pass on and keep back with them, and the shape of the other files."""

import dataclasses
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from chatproject.limits import Limits
from chatproject.version import VERSION
from tests.stage.proxies import DEPLOY, NAME, NAMES, Proxy, proxy
from tests.stage.servers import ROOT

#: RFC 6455's own example.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
KILO, MEGA = 1024, 1024 * 1024


class Mirror(BaseHTTPRequestHandler):
    """Answers with what has come in; an upgrade is followed by the bytes that come."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", ACCEPT)
            self.end_headers()
            self.wfile.write(self.rfile.read(5))
            return
        body = "\n".join(f"{name.lower()}: {value}" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


@pytest.fixture(scope="module")
def mirror() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module", params=NAMES)
def before(request: pytest.FixtureRequest, mirror: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with proxy(request.param, tmp_path_factory.mktemp(request.param), mirror) as made:
        yield made


@pytest.fixture
def browser(before: Proxy) -> Iterator[httpx.Client]:
    trust = ssl.create_default_context(cafile=str(before.certificate))
    with httpx.Client(
        base_url=f"https://localhost:{before.https}", verify=trust, headers={"Host": NAME}, trust_env=False
    ) as client:
        yield client


def passed_on(answer: httpx.Response) -> dict[str, list[str]]:
    assert answer.status_code == 200, answer.text
    found: dict[str, list[str]] = {}
    for line in answer.text.splitlines():
        name, _, value = line.partition(": ")
        found.setdefault(name, []).append(value)
    return found


def test_the_address_and_the_scheme_are_the_proxys_word_and_not_the_clients(browser: httpx.Client) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "Forwarded": "for=203.0.113.9"}
    said = passed_on(browser.get("/", headers=forged))
    assert said["x-forwarded-for"] == ["127.0.0.1"]
    assert said["x-forwarded-proto"] == ["https"]
    assert said["host"] == [NAME]
    assert said.get("forwarded", [""]) == [""]


def test_plain_http_is_sent_to_https(before: Proxy) -> None:
    answer = httpx.get(f"http://127.0.0.1:{before.http}/c/1/", headers={"Host": NAME}, trust_env=False)
    assert answer.status_code in (301, 308)
    assert answer.headers["Location"].startswith(f"https://{NAME}")
    assert answer.headers["Location"].endswith("/c/1/")


def test_who_proves_that_the_name_is_ours_is_not_sent_to_https(before: Proxy) -> None:
    url = f"http://127.0.0.1:{before.http}/.well-known/acme-challenge/proof"
    answer = httpx.get(url, headers={"Host": NAME}, trust_env=False)
    # There is no proof here, and nobody who has one. Caddy sees to it by itself.
    assert answer.status_code == {"nginx": 404, "haproxy": 503, "caddy": 308}[before.name]


def test_what_is_for_the_inside_is_not_shown_outside(browser: httpx.Client) -> None:
    assert [browser.get(path).status_code for path in ("/metrics", "/readyz", "/healthz")] == [404, 404, 200]


def test_files_may_be_large_and_nothing_else(browser: httpx.Client, before: Proxy) -> None:
    allowed = (("channels/", 200 * KILO), ("files/", 25 * MEGA), ("files/uploads/7/", 25 * MEGA))
    assert [browser.post(f"/api/v1/{path}", content=bytes(size)).status_code for path, size in allowed] == [200] * 3
    if before.name != "caddy":
        # Caddy leaves it to Gapless, see its file.
        refused = (("channels/", 300 * KILO), ("files/", 27 * MEGA))
        assert [browser.post(f"/api/v1/{path}", content=bytes(size)).status_code for path, size in refused] == [413] * 2


def test_nothing_is_compressed_beside_secrets(browser: httpx.Client) -> None:
    answer = browser.get("/", headers={"Accept-Encoding": "gzip, br, zstd", "X-Filling": "x" * 5000})
    assert "Content-Encoding" not in answer.headers


def test_a_socket_is_passed_through(before: Proxy) -> None:
    trust = ssl.create_default_context(cafile=str(before.certificate))
    with trust.wrap_socket(
        socket.create_connection(("127.0.0.1", before.https), timeout=10), server_hostname=NAME
    ) as line:
        lines = ("GET /ws/ HTTP/1.1", f"Host: {NAME}", "Connection: Upgrade", "Upgrade: websocket")
        key = ("Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}")
        line.sendall("\r\n".join([*lines, *key, "", ""]).encode())
        assert heard(line, b"\r\n\r\n").startswith(b"HTTP/1.1 101")
        line.sendall(b"hello")
        assert heard(line, b"hello") == b"hello"


def heard(line: socket.socket, end: bytes) -> bytes:
    said = b""
    while not said.endswith(end):
        piece = line.recv(1)
        assert piece, said
        said += piece
    return said


@pytest.mark.fast
@pytest.mark.parametrize("page", ["deploying.md", "upgrading.md"])
def test_what_the_page_names_is_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    named = set(re.findall(r"\bdeploy/[\w./-]*\w", text)) | {
        f"docs/{name}" for name in re.findall(r"\(([\w-]+\.md)\)", text)
    }
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
    settings = set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE)) - {"DOMAIN", "POSTGRES_PASSWORD"}
    limits = {f"GAPLESS_LIMIT_{field.name.upper()}" for field in dataclasses.fields(Limits)}
    assert settings - limits <= set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


@pytest.mark.fast
def test_systemd_understands_its_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not there")
    for unit in (DEPLOY / "systemd").iterdir():
        # The programs are not installed here, nor is the account.
        text = unit.read_text().replace("/opt/gapless/current/.venv/bin/python", "/bin/true")
        (tmp_path / unit.name).write_text(re.sub(r"^(User|Group)=gapless\n", "", text, flags=re.MULTILINE))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "gapless" in line] == []


@pytest.mark.fast
def test_the_service_is_shut_in() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not there")
    unit = str(DEPLOY / "systemd" / "gapless.service")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=25", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    # 2.5 of 10: what is left is the network that it serves.
    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.fast
def test_the_compose_file_waits_for_what_it_needs_and_shows_only_the_proxy() -> None:
    said = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    services = said["services"]
    assert set(services) == {"app", "postgres", "valkey", "caddy"}
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    assert said["networks"]["inside"] == {"internal": True}
    for name, service in services.items():
        assert service["restart"] == "unless-stopped"
        assert set(service["networks"]) <= set(said["networks"])
        if name != "app":
            assert re.fullmatch(r"[\w/.-]+:\d[\w.-]+", service["image"]), "pinned"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in said["volumes"] or (DEPLOY / "compose" / source).exists()
    assert services["app"]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "valkey": {"condition": "service_healthy"},
    }


@pytest.mark.fast
def test_the_caddyfile_of_compose_is_the_other_with_its_own_name_and_address() -> None:
    def rules(path: str) -> str:
        lines = (DEPLOY / path).read_text().splitlines()
        return "\n".join(line for line in lines if not line.startswith("#"))

    expected = (
        rules("caddy/Caddyfile").replace("chat.example.org {", "{$DOMAIN} {").replace("127.0.0.1:8000", "app:8000")
    )
    assert rules("compose/Caddyfile") == expected


@pytest.mark.fast
def test_the_manifests_hang_together() -> None:
    found = {
        said["kind"]: said
        for name in ("gapless.yaml", "migrate.yaml")
        for said in yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text())
    }
    assert set(found) == {"ConfigMap", "Deployment", "PodDisruptionBudget", "Service", "Ingress", "Job"}
    spec = found["Deployment"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels == found["Service"]["spec"]["selector"]
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert found["PodDisruptionBudget"]["spec"]["minAvailable"] < spec["replicas"]
    pod = spec["template"]["spec"]
    [container] = pod["containers"]
    waited = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= waited + 30 + 2
    probes = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")]
    assert probes == ["/healthz", "/readyz", "/healthz"]
    for which in (pod, found["Job"]["spec"]["template"]["spec"]):
        assert which["securityContext"]["runAsNonRoot"]
        assert which["containers"][0]["image"].endswith(f":{VERSION}")


@pytest.mark.fast
def test_the_image_keeps_hadolints_rules() -> None:
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    by_name: dict[str, list[str]] = {}
    for name, rest in steps:
        by_name.setdefault(name, []).append(rest)
    for image in by_name["FROM"]:
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*", image), "DL3006, DL3007: a version"
    assert all(re.fullmatch(r"/[\w/]+", folder) for folder in by_name["WORKDIR"]), "DL3000: absolute"
    assert not {"ADD", "MAINTAINER", "ONBUILD"} & set(by_name), "DL3020, DL4000"
    for command in by_name["RUN"]:
        assert not re.search(r"\b(sudo|cd|apt|curl|wget|chmod 777)\b", command), "DL3003, DL3004, DL3027"
        assert "useradd" not in command or "--no-log-init" in command, "DL3046"
        assert "pip install" not in command or {"--no-cache-dir", "-r"} <= set(command.split()), "DL3042, DL3013"
    assert len(by_name["CMD"]) == len(by_name["HEALTHCHECK"]) == 1, "DL4003, DL3012"
    assert by_name["CMD"][0].startswith("["), "DL3025: JSON"
    assert by_name["USER"][-1].isdigit(), "DL3002; and by number, so that Kubernetes can see that it is not root"
    assert [name for name, _ in steps].index("USER") > max(n for n, (name, _) in enumerate(steps) if name == "RUN")
