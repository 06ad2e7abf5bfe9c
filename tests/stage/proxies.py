"""The proxies of deploy/, as Debian has them, before servers of ours: the files as they are, with a certificate and addresses."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stage.ports import free_port
from tests.stage.servers import ROOT, START_SECONDS

DEPLOY = ROOT / "deploy"
NAMES = ("nginx", "haproxy", "caddy")
NAME = "chat.example.org"


@dataclass(frozen=True)
class Proxy:
    """Where it listens, and what trusts its certificate."""

    name: str
    http: int
    https: int
    certificate: Path


@contextlib.contextmanager
def proxy(name: str, folder: Path, *upstreams: int) -> Iterator[Proxy]:
    """Skips where the machine does not have the program."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"apt-get install {name}: it is not there")
    made = Proxy(name=name, http=free_port(), https=free_port(), certificate=_certificate(folder))
    command = {"nginx": _nginx, "haproxy": _haproxy, "caddy": _caddy}[name](folder, made, upstreams)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *command],
            stdout=log,
            stderr=log,
            cwd=folder,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin:/usr/sbin"},
        )
    try:
        _await(made.https, process, folder / "log")
        yield made
    finally:
        process.terminate()
        process.wait(10)


def _certificate(folder: Path) -> Path:
    key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650"),
        *("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},DNS:localhost"),
        *("-keyout", str(key), "-out", str(certificate)),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    (folder / "gapless.pem").write_text(certificate.read_text() + key.read_text())
    return certificate


def _changed(path: str, *changes: tuple[str, str]) -> str:
    text = (DEPLOY / path).read_text()
    for old, new in changes:
        assert old in text, f"{path} has no {old!r} any more"
        text = text.replace(old, new)
    return text


def _nginx(folder: Path, made: Proxy, upstreams: tuple[int, ...]) -> list[str]:
    servers = "\n".join(f"    server 127.0.0.1:{port} max_fails=0;" for port in upstreams)
    ours = _changed(
        "nginx/gapless.conf",
        ("    server 127.0.0.1:8000 max_fails=0;", servers),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("listen 80;", f"listen 127.0.0.1:{made.http};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{made.https} ssl"),
        ("/etc/ssl/gapless/", f"{folder}/"),
    )
    kinds = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr notice; worker_processes 1; user root;\n"
        f"events {{ worker_connections 2048; }}\nhttp {{ access_log off;\n{kinds}{ours}\n}}\n"
    )
    return ["-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", "stderr"]


def _haproxy(folder: Path, made: Proxy, upstreams: tuple[int, ...]) -> list[str]:
    ours = _changed(
        "haproxy/gapless.cfg",
        # The user who runs the tests is mostly not root, and the account does not exist.
        ("    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n", ""),
        # Twice as many files may not be open here.
        ("maxconn 20000", "maxconn 2000"),
        ("bind :80\n", f"bind 127.0.0.1:{made.http}\n"),
        ("bind :443 ssl crt /etc/ssl/gapless/", f"bind 127.0.0.1:{made.https} ssl crt {folder}/"),
        ("    server a 127.0.0.1:8000\n", "".join(f"    server s{port} 127.0.0.1:{port}\n" for port in upstreams)),
    )
    (folder / "haproxy.cfg").write_text(ours)
    return ["-db", "-f", str(folder / "haproxy.cfg")]


def _caddy(folder: Path, made: Proxy, upstreams: tuple[int, ...]) -> list[str]:
    ports = f"\tadmin off\n\tskip_install_trust\n\thttp_port {made.http}\n\thttps_port {made.https}\n"
    ours = _changed(
        "caddy/Caddyfile",
        ("{\n\tservers {", f"{{\n{ports}\tservers {{"),
        (f"{NAME} {{\n", f"{NAME}, localhost {{\n\ttls {folder}/fullchain.pem {folder}/privkey.pem\n"),
        ("reverse_proxy 127.0.0.1:8000", "reverse_proxy " + " ".join(f"127.0.0.1:{port}" for port in upstreams)),
    )
    (folder / "Caddyfile").write_text(ours)
    return ["run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def _await(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text())
