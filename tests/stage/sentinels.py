"""A primary, its replica and Sentinels of a test's own, all of the Valkey that comes with us; and a Redis that speaks TLS."""

import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import redis

from chatproject.embedded.keeper import _valkey_binary
from tests.stage.ports import free_port
from tests.stage.servers import START_SECONDS

#: Debian's; ours is built without TLS.
REDIS = shutil.which("redis-server")
NAME = "ours"


class Watched:
    """`with Watched(folder) as watched:` runs. down_seconds: without an answer for so long, another becomes the primary."""

    def __init__(self, folder: Path, *, sentinels: int = 1, down_seconds: float = 0.5, password: str = "") -> None:
        self._folder = folder
        self._password = password
        self._down = down_seconds
        self.servers = [free_port(), free_port()]
        self.sentinels = [free_port() for _ in range(sentinels)]
        self.running: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"sentinel://{f':{self._password}@' if self._password else ''}{hosts}/{NAME}/0"

    def __enter__(self) -> "Watched":
        first, second = self.servers
        self.start(first)
        self.start(second, "--replicaof", f"127.0.0.1 {first}")
        until(lambda: self.ask(second).info("replication")["master_link_status"] == "up")
        for port in self.sentinels:
            self._start_sentinel(port, first)
        others = len(self.sentinels) - 1
        for port in self.sentinels:
            until(lambda port=port: self._knows(port, others))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()

    def start(self, port: int, *more: str) -> None:
        folder = self._folder / str(port)
        folder.mkdir(exist_ok=True)
        secret = ["--requirepass", self._password, "--masterauth", self._password] if self._password else []
        place = [
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(folder),
            "--repl-diskless-sync-delay",
            "0",
        ]
        self.running[port] = _started([*place, *secret, *more])
        until(lambda: self.ask(port).ping())

    def primary(self) -> int:
        """Its port, as the first Sentinel that answers has it."""
        [state] = redis.Redis(port=self.sentinels[0], decode_responses=True).sentinel_masters().values()
        return int(state["port"])

    def kill_primary(self) -> int:
        """SIGKILL; returns its port."""
        port = self.primary()
        self.running[port].kill()
        self.running[port].wait()
        return port

    def ask(self, port: int) -> Any:
        return redis.Redis(port=port, password=self._password or None, decode_responses=True)

    def _start_sentinel(self, port: int, watched: int) -> None:
        conf = self._folder / f"sentinel-{port}.conf"
        milliseconds = int(self._down * 1000)
        quorum = len(self.sentinels) // 2 + 1
        conf.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {self._folder}\nsentinel monitor {NAME} 127.0.0.1 {watched} {quorum}\n"
            f"sentinel down-after-milliseconds {NAME} {milliseconds}\nsentinel failover-timeout {NAME} 5000\n"
            + (f"sentinel auth-pass {NAME} {self._password}\n" if self._password else "")
        )
        self.running[port] = _started([str(conf), "--sentinel"])

    def _knows(self, port: int, others: int) -> bool:
        [state] = redis.Redis(port=port, decode_responses=True).sentinel_masters().values()
        return bool(state["num-slaves"] == 1 and state["num-other-sentinels"] == others)


def until(condition: Any) -> None:
    """Waits until it holds; until then Redis may be away."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if condition():
                return
        except redis.RedisError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Encrypted:
    """A Redis that speaks TLS only, by a certificate of its own: `?ssl_ca_certs=` names it."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._key, self.certificate = folder / "key.pem", folder / "certificate.pem"
        self.address = f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return f"rediss://{self.address}/0?ssl_ca_certs={self.certificate}"

    def __enter__(self) -> "Encrypted":
        make_certificate(self._key, self.certificate)
        files = ["--tls-cert-file", str(self.certificate), "--tls-key-file", str(self._key)]
        place = [
            "--port",
            "0",
            "--tls-port",
            str(self._port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--tls-auth-clients",
            "no",
        ]
        self.process = _started([*place, *files, "--tls-ca-cert-file", str(self.certificate)], program=str(REDIS))
        until(lambda: redis.Redis.from_url(self.url).ping())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()


def make_certificate(key: Path, certificate: Path) -> None:
    """For localhost and 127.0.0.1, signed by itself."""
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", *kind, *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)


def _started(arguments: list[str], *, program: str = "") -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [program or str(_valkey_binary()), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
