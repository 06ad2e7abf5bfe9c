"""Many sockets in one channel, some of them sending: what a delivery costs the server. For the product's promises: loadtest.

The clients are as cheap as they can be, so that the cores are the server's; what was heard is judged as in the load test.

    python -m benchmarks.fanout                          the issue's case: 100 sockets, 10 senders at 10/s, 60 s, 2 processes
    python -m benchmarks.fanout --kill                   the same, with kill -9 of one process in the middle
    python -m benchmarks.fanout --acks                   what receipts cost: everybody acknowledges once a second in every other run
    python -m benchmarks.fanout --rate 0 --seconds 10    as fast as acknowledgements come back: throughput

Starts its own web processes over a data folder of its own (.data/bench). Compare figures only within one run.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import uvloop

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("GAPLESS_DATA", str(ROOT / ".data" / "bench"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
for _limit in ("MESSAGES_PER_MINUTE", "REQUESTS_PER_MINUTE", "SOCKETS_PER_USER", "SPARE_SOCKETS"):
    os.environ[f"GAPLESS_LIMIT_{_limit}"] = "0"
os.environ["SECRET_KEY"] = "the key of the benchmarks, long enough"
DATA = Path(os.environ["GAPLESS_DATA"])

import django  # noqa: E402 (the environment comes first)
from django.core.management import call_command  # noqa: E402

django.setup()

from benchmarks.receivers import Receiver, Run, send, without_pauses  # noqa: E402
from chat import services  # noqa: E402 (Django comes first)
from chat.models import User  # noqa: E402
from chatproject.embedded import services as embedded  # noqa: E402
from delivery.load.processes import usage_of  # noqa: E402
from delivery.load.tally import quantiles  # noqa: E402


class WebProcess:
    """A web process. `checkout`: the folder of its code; `environment`: further variables."""

    def __init__(
        self, port: int, *, module: str = "manage", checkout: Path = ROOT, environment: dict[str, str] | None = None
    ) -> None:
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "serve", "--workers", "1"],
            cwd=checkout,
            env={**os.environ, "PORT": str(port), "WEB_WORKERS": "2", **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=None,
        )

    def wait_ready(self) -> None:
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1)
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("a web process did not start")

    def cpu(self) -> float:
        """Seconds, of everything that it has started, too."""
        return usage_of(self.process.pid).cpu_seconds

    def unique_bytes(self) -> int:
        """Memory that nobody else has, of everything that it has started, too."""
        root = psutil.Process(self.process.pid)
        return sum(process.memory_full_info().uss for process in [root, *root.children(recursive=True)])


@contextlib.contextmanager
def side_by_side(
    against: Path | None, port: int, environment: dict[str, str] | None = None
) -> Iterator[dict[str, WebProcess]]:
    """A web process of this checkout ("this"), and one of the other ("against") where there is one; ended afterwards."""
    checkouts = {"this": ROOT} if against is None else {"this": ROOT, "against": against}
    servers: dict[str, WebProcess] = {}
    try:
        for place, (whose, checkout) in enumerate(checkouts.items()):
            servers[whose] = WebProcess(port + place, checkout=checkout, environment=environment)
            servers[whose].wait_ready()
        yield servers
    finally:
        for server in servers.values():
            server.process.terminate()
        for server in servers.values():
            server.process.wait(40)


def prepare(sockets: int) -> tuple[int, list[str]]:
    """A channel with as many members as it can have, and a token for each socket."""
    call_command("migrate", interactive=False, verbosity=0)
    members = min(sockets, 100)
    users = []
    for n in range(members):
        user = User.objects.filter(username=f"bench{n}").first() or services.create_user(f"bench{n}")
        users.append(user)
    channel = services.open_channel(users[0], name=f"bench {time.time():.0f}", members=users[1:])
    tokens = [services.create_token(user, name="bench") for user in users]
    return channel.pk, [tokens[n % members] for n in range(sockets)]


def services_cpu(data: Path) -> dict[str, float]:
    """CPU seconds of PostgreSQL (all its processes) and Valkey, ended ones included."""
    found = {"postgresql": 0.0, "valkey": 0.0}
    for process in psutil.process_iter(["name", "cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(data) not in words:
            continue
        times = process.cpu_times()
        if process.info["name"] == "postgres":
            found["postgresql"] += times.user + times.system + times.children_user + times.children_system
            for child in process.children():
                # One that ends meanwhile is counted with its parent from then on.
                with contextlib.suppress(psutil.NoSuchProcess):
                    child_times = child.cpu_times()
                    found["postgresql"] += child_times.user + child_times.system
        elif "valkey" in words and "chatproject" not in words:
            found["valkey"] += times.user + times.system
    return found


async def measure(
    options: argparse.Namespace, channel: int, tokens: list[str], servers: list[WebProcess], *, acks: bool = False
) -> dict[str, Any]:
    run = Run()
    idle = resident(servers)
    receivers = await connect(run, channel, tokens, servers)
    acknowledging = [asyncio.ensure_future(receiver.acknowledge()) for receiver in receivers if acks]
    connected = resident(servers)
    cpu, beside, mine = [server.cpu() for server in servers], services_cpu(DATA), time.process_time()
    with without_pauses():
        took = await speak(options, run, receivers, servers)
        await settle(run, receivers)
    alive = [server for server in servers if server.process.poll() is None]
    used = sum(server.cpu() - cpu[servers.index(server)] for server in alive)
    beside_now = services_cpu(DATA)
    run.is_over = True
    for task in (*acknowledging, *(receiver.task for receiver in receivers if receiver.task)):
        task.cancel()
    # Else they would be delivered to in the next measurement too.
    for receiver in receivers:
        if receiver.client is not None:
            receiver.client.abort()
    return {
        "sockets": options.sockets,
        "processes": len(servers),
        **heard(run, receivers, took=took),
        "web_cpu_seconds": round(used, 2),
        "web_cpu_us_per_delivery": round(used / max(1, run.tally.deliveries) * 1e6, 1),
        "postgresql_cpu_seconds": round(beside_now["postgresql"] - beside["postgresql"], 2),
        "deliveries": run.tally.deliveries,
        "valkey_cpu_seconds": round(beside_now["valkey"] - beside["valkey"], 2),
        "clients_cpu_seconds": round(time.process_time() - mine, 2),
        "web_memory_mb": [round(rss / 2**20, 1) for rss in connected],
        "memory_kb_per_socket": round((sum(connected) - sum(idle)) / options.sockets / 1024, 1),
    }


def resident(servers: list[WebProcess]) -> list[int]:
    return [usage_of(server.process.pid).resident_bytes for server in servers]


async def connect(run: Run, channel: int, tokens: list[str], servers: list[WebProcess]) -> list[Receiver]:
    """Connects all receivers and syncs them, and waits a second for their first pushes."""
    ports = [server.port for server in servers]
    receivers = [
        Receiver(token, channel, ports, place, run, run.tally.receiver(channel)) for place, token in enumerate(tokens)
    ]
    for receiver in receivers:
        receiver.task = asyncio.ensure_future(receiver.stay())
    await asyncio.gather(*(receiver.connected.wait() for receiver in receivers))
    await asyncio.sleep(1)
    return receivers


async def speak(options: argparse.Namespace, run: Run, receivers: list[Receiver], servers: list[WebProcess]) -> float:
    """The senders send, with --kill through the death of a process; the seconds that it took."""
    started = time.perf_counter()
    until = started + options.seconds
    sending = [
        asyncio.ensure_future(send(receivers[n], run, rate=options.rate, until=until, window=options.window))
        for n in range(options.senders)
    ]
    if options.kill:
        await asyncio.sleep(options.seconds / 2)
        servers[0].process.send_signal(signal.SIGKILL)
    await asyncio.gather(*sending)
    return time.perf_counter() - started


async def settle(run: Run, receivers: list[Receiver]) -> None:
    """Until everything is answered and everybody has heard it, 20 s at most."""
    deadline = time.perf_counter() + 20
    while time.perf_counter() < deadline and any(receiver.unacknowledged for receiver in receivers):
        await asyncio.sleep(0.05)
    while time.perf_counter() < deadline and any(
        len(r.heard.numbers) < len(run.tally.answered_messages) for r in receivers
    ):
        await asyncio.sleep(0.05)


def heard(run: Run, receivers: list[Receiver], *, took: float) -> dict[str, Any]:
    """The outcome of the messages."""
    answered = run.tally.answered_messages
    return {
        "seconds": round(took, 1),
        "sent": len(run.tally.sent),
        "acknowledged": len(answered),
        "errors": run.tally.errors,
        **asdict(run.tally.findings()),
        "gaps": sum(receiver.gaps for receiver in receivers),
        "reconnects": sum(receiver.reconnects for receiver in receivers),
        "messages_per_second": round(len(answered) / took, 1),
        "deliveries_per_second": round(run.tally.deliveries / took),
        "acknowledged_ms": quantiles(sent.answered_at - sent.at for sent in answered),
        "send_to_last_receiver_ms": quantiles(seconds for _, seconds in run.tally.latencies()),
    }


async def compare_acks(
    options: argparse.Namespace, channel: int, tokens: list[str], servers: list[WebProcess]
) -> dict[str, Any]:
    """Without, with, without, with: CPU a delivery, and how much more it is with acknowledgements."""
    spent: dict[bool, dict[str, float]] = {False: defaultdict(float), True: defaultdict(float)}
    wrong = 0
    for acks in (False, True, False, True):
        figures = await measure(options, channel, tokens, servers, acks=acks)
        beside = figures["postgresql_cpu_seconds"] + figures["valkey_cpu_seconds"]
        wrong += figures["lost"] + figures["doubled"] + figures["gaps"]
        web, clients = figures["web_cpu_seconds"], figures["clients_cpu_seconds"]
        for name, value in (("web", web), ("server", web + beside), ("everything", web + beside + clients)):
            spent[acks][name] += value
        spent[acks]["deliveries"] += figures["deliveries"]
        await asyncio.sleep(2)
    answer: dict[str, Any] = {"lost, doubled or with a gap": wrong}
    for part in ("web", "server", "everything"):
        plain, acked = (spent[acks][part] / spent[acks]["deliveries"] * 1e6 for acks in (False, True))
        answer[f"{part}: µs a delivery"] = f"{plain:.1f} without, {acked:.1f} with: {(acked / plain - 1) * 100:+.1f} %"
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=100)
    parser.add_argument("--senders", type=int, default=10)
    parser.add_argument(
        "--rate", type=float, default=10, help="messages a second and sender; 0: as fast as answers come"
    )
    parser.add_argument("--window", type=int, default=20, help="with --rate 0: unanswered messages a sender")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kill", action="store_true", help="kill -9 one process in the middle")
    parser.add_argument("--acks", action="store_true", help="compare with everybody acknowledging once a second")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    channel, tokens = prepare(options.sockets)
    servers = [WebProcess(18100 + n) for n in range(options.processes)]
    try:
        for server in servers:
            server.wait_ready()
        work = compare_acks if options.acks else measure
        figures = uvloop.run(work(options, channel, tokens, servers))
    finally:
        for server in servers:
            server.process.terminate()
        for server in servers:
            server.process.wait(40)
        embedded.leave(DATA)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:>28}  {value}")


if __name__ == "__main__":
    main()
