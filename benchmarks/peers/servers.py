"""Starts each peer over the same PostgreSQL and Valkey, one process each, and says what it uses."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fanout import DATA, ROOT, WebProcess
from benchmarks.peers.dialects import Dialect, Gapless, SocketIO, Tutorial
from chatproject.embedded.services import Services

HERE = Path(__file__).parent
NODE_FOLDER = DATA / "peers"
PATIENCE_SECONDS = 60.0
#: Layer and server of the tutorial as it is written, and the quickest that it can be; and what lies between.
USUAL, BETWEEN = (("core", "daphne"), ("pubsub", "uvicorn")), (("core", "uvicorn"), ("pubsub", "daphne"))


@dataclass(frozen=True)
class Peer:
    """A peer. `is_kept`: whether a message is in PostgreSQL before it is acknowledged."""

    name: str
    is_kept: bool
    start: Callable[[int], WebProcess]
    speaking: Callable[[], Dialect]
    logins: Sequence[str]


class Server(WebProcess):
    """One process of somebody else's; what it has started counts with it."""

    def __init__(self, command: Sequence[str], port: int, environment: dict[str, str]) -> None:
        self.port = port
        self.process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait_ready(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{self.process.args!r} did not start")


def peers(services: Services, *, channel: int, tokens: Sequence[str], is_all: bool) -> list[Peer]:
    """The peers that this machine can run: Socket.IO only with Node and its packages."""
    logins = [f"Authorization: Bearer {token}" for token in tokens]
    strangers = ["Accept: */*"] * len(tokens)
    found = [Peer("Gapless", True, WebProcess, lambda: Gapless(channel), logins)]
    if _has_node_packages():
        found.append(Peer("Socket.IO", True, lambda port: _socketio(services, port), SocketIO, strangers))
    for layer, server in (*USUAL, *(BETWEEN if is_all else ())):
        start = _tutorial_by(services, layer=layer, server=server)
        found.append(Peer(f"tutorial, {layer}, {server}", False, start, Tutorial, strangers))
    return found


def _has_node_packages() -> bool:
    if shutil.which("npm") is None:
        return False
    NODE_FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "socketio.js"):
        shutil.copy(HERE / name, NODE_FOLDER)
    fetch = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
    return (NODE_FOLDER / "node_modules").exists() or subprocess.run(
        fetch, cwd=NODE_FOLDER, check=False
    ).returncode == 0


def _socketio(services: Services, port: int) -> Server:
    told = {"PORT": str(port), "PG_HOST": str(services.sockets), "REDIS_SOCKET": str(services.redis_socket)}
    return Server(["node", str(NODE_FOLDER / "socketio.js")], port, {**told, "NODE_ENV": "production"})


def _tutorial_by(services: Services, *, layer: str, server: str) -> Callable[[int], WebProcess]:
    application = "benchmarks.peers.tutorial:application"
    ways = {
        "daphne": lambda port: ["daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), application],
        "uvicorn": lambda port: ["uvicorn", "--port", str(port), "--log-level", "error", application],
    }
    told = {"LAYER": layer, "REDIS_URL": services.redis_url}
    return lambda port: Server([sys.executable, "-m", *ways[server](port)], port, told)
