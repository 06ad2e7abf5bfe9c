"""Serves the metrics for Prometheus: all web processes of one `serve` together, and the kernel's figures of each.

Each web process has it at /metrics; with METRICS_PORT only the process that the operator started has it, on that port: it also
answers while the others drain, hang or begin.
"""

import contextlib
import fcntl
import itertools
import os
import socket
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, PROCESS_COLLECTOR, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from chatproject.serving.metrics_access import may_read_metrics

#: The variable with which prometheus_client shares metrics between processes.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_LATEST
SUPERVISOR = "supervisor"
#: Scrapes that are answered at once on METRICS_PORT; and what one may take to be asked and answered, in seconds.
AT_ONCE, SCRAPE_SECONDS = 8, 15

# Of one process and without a label: see Processes.
REGISTRY.unregister(PROCESS_COLLECTOR)

_held: list[Any] = []


class KernelFigures(Collector):
    """`process_*` as every Prometheus client has them, of each process: what the kernel says, so also of one that hangs."""

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for name, pid in _living():
            for family in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]
                kept = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    kept.add_sample(sample.name, {"worker": name}, sample.value)
        return families.values()


def page() -> bytes:
    shared = REGISTRY
    if os.environ.get(SHARED_FOLDER):
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    kernel = CollectorRegistry()
    kernel.register(KernelFigures())
    return generate_latest(shared) + generate_latest(kernel)


@contextlib.contextmanager
def shared_figures(*, port: int) -> Iterator[Path]:
    """An empty folder in which the processes that start within the block share their counts. Raises OSError."""
    given = os.environ.get(SHARED_FOLDER)
    folder = Path(given) if given else settings.GAPLESS_DATA / f"metrics-{port}"
    folder.mkdir(parents=True, exist_ok=True)
    _empty(folder)
    os.environ[SHARED_FOLDER] = str(folder)
    claim_name(SUPERVISOR)
    try:
        yield folder
    finally:
        _empty(folder)
        if not given:
            folder.rmdir()


def claim_name(name: str = "") -> None:
    """Names this process among those of its `serve`: by the name, else by the lowest number that no living process has."""
    for each in [name] if name else map(str, itertools.count(1)):
        # Held until the process ends, however it ends.
        file = (_shared() / f"{each}.pid").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _held.append(file)
        return


def serve_on(listener: socket.socket) -> None:
    """Serves the page in the background until the process ends."""
    server = _Door(listener.getsockname()[:2], _Scrape, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    threading.Thread(target=server.serve_forever, name="gapless-figures", daemon=True).start()


class _Door(ThreadingHTTPServer):
    """Has a bounded number of places: a client that comes while all are taken is sent away."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        end = threading.Timer(SCRAPE_SECONDS, _cut, [request])
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores errors: a client may go away or be cut off."""


class _Scrape(BaseHTTPRequestHandler):
    server_version, sys_version = "Gapless", ""
    timeout = SCRAPE_SECONDS

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self._say(404, b"The figures are at /metrics.\n")
        elif not may_read_metrics(self.client_address[0], self.headers.get):
            self._say(403, b"These figures are for METRICS_TOKEN or METRICS_ALLOWED.\n")
        else:
            self._say(200, page(), CONTENT_TYPE)

    def _say(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are not logged."""


def _cut(request: socket.socket) -> None:
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


def _shared() -> Path:
    return Path(os.environ[SHARED_FOLDER])


def _living() -> Iterator[tuple[str, int]]:
    if not os.environ.get(SHARED_FOLDER):
        yield "1", os.getpid()
        return
    for file in sorted(_shared().glob("*.pid")):
        with contextlib.suppress(OSError, ValueError):
            if _is_held(file):
                yield file.stem, int(file.read_text())


def _is_held(file: Path) -> bool:
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _empty(folder: Path) -> None:
    for old in (*folder.glob("*.db"), *folder.glob("*.pid")):
        old.unlink(missing_ok=True)
