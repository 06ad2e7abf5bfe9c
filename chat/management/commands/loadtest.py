"""`manage.py loadtest`: many clients through real sockets, five tests, one verdict."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from chat.services.command_accounts import has_people
from chat.tools.interrupting import ended_by_sigterm
from chat.tools.measuring_accounts import ClientAccounts, make_client_accounts
from chat.tools.progress import progress_bar
from delivery.children import die_with_parent
from delivery.load.generators import fitting
from delivery.load.report import render
from delivery.load.run import Outcome, Plan, run
from delivery.load.target import answers, socket_url

START_SECONDS = 60
STOP_SECONDS = 40


@dataclass(frozen=True)
class Target:
    """The server under test. `pid`: its process, if it is on this machine: then its CPU and memory are measured."""

    url: str
    pid: int | None


class Command(BaseCommand):
    help = (
        "Connects many clients through real sockets. Some of them send messages, some lose their connection, some stay away. The "
        "test checks by number that no client missed a message. Without --url it starts web processes of its own, without a limit "
        "on messages. Exit code 1 if a test failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clients", type=int, default=100, help="connections (default: 100)")
        parser.add_argument("--senders", type=int, default=10, help="how many of them send messages (default: 10)")
        parser.add_argument(
            "--rate", type=float, default=5, help="messages a second and sender; 0: as fast as answers come"
        )
        parser.add_argument("--seconds", type=float, default=10, help="how long they send (default: 10)")
        parser.add_argument(
            "--churn", type=float, default=10, help="percentage of clients whose connections are cut repeatedly"
        )
        parser.add_argument(
            "--p95", type=float, default=100, help="the highest allowed p95, in milliseconds (default: 100)"
        )
        parser.add_argument("--processes", type=int, default=2, help="web processes to start (default: 2)")
        parser.add_argument(
            "--generators", type=int, help="processes that run the clients (default: by clients and cores)"
        )
        parser.add_argument("--url", help="test this running server instead, e.g. http://localhost:8000")
        parser.add_argument("--yes", action="store_true", help="run although people have accounts here")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a page with plots")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = self._plan(options)
        if has_people() and not options["yes"]:
            raise CommandError(
                "People have accounts in this database, and the test would share it with them: give it one of its own (set "
                "DATABASE_URL), or say --yes."
            )
        if options["url"] and not answers(options["url"].rstrip("/")):
            raise CommandError(f"Nothing answers at {options['url']}: is the server running there?")
        if options["url"]:
            _require_allowed(plan)
        with contextlib.ExitStack() as stack:
            stack.enter_context(ended_by_sigterm())
            places = stack.enter_context(
                make_client_accounts(plan.clients, most=settings.LIMITS.members, seconds=plan.seconds)
            )
            target = Target(options["url"].rstrip("/"), None) if options["url"] else None
            target = target or stack.enter_context(_own_server(options["processes"]))
            outcome = self._run(plan, target, places)
        outcome.figures["web_processes"] = None if options["url"] else options["processes"]
        self.stdout.write(json.dumps(outcome.as_json())) if options["json"] else self._show(outcome)
        if options["report"]:
            _write_report(options["report"], render(outcome))
        if not outcome.passed:
            sys.exit(1)

    def _plan(self, options: dict[str, Any]) -> Plan:
        bounds = {"clients": (2, 10_000), "senders": (1, options["clients"]), "rate": (0, 1000), "seconds": (1, 86_400)}
        options["generators"] = fitting(options["clients"]) if options["generators"] is None else options["generators"]
        bounds |= {"churn": (0, 50), "processes": (1, 64), "generators": (1, min(64, options["clients"]))}
        for name, (least, most) in bounds.items():
            if not least <= options[name] <= most:
                raise CommandError(f"--{name} must be from {least:,} to {most:,}.")
        if options["report"] and not options["report"].absolute().parent.is_dir():
            raise CommandError(f"There is no folder for {options['report']}.")
        return Plan(
            clients=options["clients"], speakers=options["senders"], rate=options["rate"], seconds=options["seconds"],
            churn=options["churn"] / 100, p95_ms=options["p95"], generators=options["generators"],
        )  # fmt: skip

    def _run(self, plan: Plan, target: Target, places: ClientAccounts) -> Outcome:
        columns = (TextColumn("{task.description:>18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with progress_bar(*columns) as progress:

            def tell(what: str, steps: int) -> Callable[[int], None]:
                task = progress.add_task(what, total=steps or None)
                return lambda done: progress.advance(task, done)

            try:
                return uvloop.run(run(plan, url=socket_url(target.url), places=places, server=target.pid, tell=tell))
            except ConnectionError as error:
                raise CommandError(f"The clients can't go on at {target.url}: {error}.") from None

    def _show(self, outcome: Outcome) -> None:
        table = Table("", "test", "what was seen", title="Load test")
        for test in outcome.tests:
            table.add_row("[green]passed" if test.passed else "[red]failed", test.name, test.says)
        figures = Table("figure", "value", title="Figures (latencies in ms)")
        for name, value in outcome.figures.items():
            shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
            figures.add_row(name, shown)
        console = Console()
        console.print(table, figures)
        console.print("[green]All passed." if outcome.passed else "[red]Something failed.")
        if outcome.late == "generator":
            console.print("[yellow]The load generator itself was late: the latency says nothing about the server.")


def _write_report(path: Path, page: str) -> None:
    try:
        path.write_text(page)
    except OSError as error:
        raise CommandError(f"There is no report: {error}") from None


def _require_allowed(plan: Plan) -> None:
    """A running server limits each sender's rate: messages that wait for the limit would look like a slow server."""
    most = settings.LIMITS.messages_per_minute
    said = plan.rate * min(plan.seconds, 60)
    if most and (said > most or not plan.rate):
        raise CommandError(
            f"A running server takes {most} messages a minute of one sender: let more of them (--senders) say less (--rate,"
            " --seconds)."
        )


@contextlib.contextmanager
def _own_server(processes: int) -> Iterator[Target]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {
        **os.environ, "HOST": "127.0.0.1", "PORT": str(port), "WEB_WORKERS": str(processes), "LOG_LEVEL": "WARNING",
        "GAPLESS_LIMIT_MESSAGES_PER_MINUTE": "0",
        # The installation beside us may have it already.
        "METRICS_PORT": "0",
    }  # fmt: skip
    command = [sys.executable, sys.argv[0], "serve", "--workers", str(processes)]
    # Nothing that has no limits outlives us, not even kill -9.
    server = subprocess.Popen(  # noqa: S603 (our own command)
        command, env=environ, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent(signal.SIGTERM)
    )
    target = Target(f"http://localhost:{port}", server.pid)
    try:
        _await(target.url, server)
        yield target
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS)
        server.kill()


def _await(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if answers(url):
            return
        time.sleep(0.1)
    raise CommandError("The server for the test did not start: see its message above.")
