"""`manage.py serve`: the production server."""

import os
import signal
import socket
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from chat.models import User
from chat.setup import setup_url
from chatproject import reach
from chatproject.schema import waiting_migrations
from chatproject.serving import assets, descriptors, log_level, metrics_server, notify, workers
from chatproject.serving.listening import ListenError, handed_over, listen
from chatproject.serving.serve import DrainingServer, serve_here
from chatproject.serving.supervisor import Supervisor
from chatproject.serving.workers import Worker


class Command(BaseCommand):
    help = (
        "Serves pages, API and sockets with uvicorn; SIGTERM drains, SIGHUP replaces the web processes one by one. "
        "HOST, PORT and WEB_WORKERS are read from the environment."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--workers", type=int, default=settings.WEB_WORKERS, help="web processes (default: WEB_WORKERS)"
        )
        parser.add_argument("--migrate", action="store_true", help="migrate the database first")
        parser.add_argument("--fd", type=int, help="(internal) an inherited listening socket to serve on")
        parser.add_argument(
            "--up", type=int, help="(internal) a pipe on which this process says that it serves and lives"
        )
        parser.add_argument("--successor", action="store_true", help="(internal) start serving only if all is well")

    def handle(self, *args: Any, **options: Any) -> None:
        # Until it means something: who asks too early should not end us.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        log_level.block_signals()
        descriptors.raise_to_hard()
        if options["fd"] is not None:
            self._serve_for_parent(socket.socket(fileno=options["fd"]), options["up"], options["successor"])
            return
        if options["workers"] < 1:
            raise CommandError("--workers must be at least 1.")
        self._check()
        try:
            listener = handed_over() or listen(settings.HOST, settings.PORT)
            to_scrapes = self._listen_to_scrapes()
        except ListenError as error:
            self._fail(str(error))
        if options["migrate"]:
            call_command("migrate", interactive=False, verbosity=0)
        assets.collect()
        self._announce(listener, options["workers"])
        if options["workers"] == 1 and to_scrapes is None:
            self._serve_alone(listener)
            return
        try:
            with metrics_server.shared_figures(port=settings.PORT) as folder:
                if to_scrapes is not None:
                    metrics_server.serve_on(to_scrapes)
                sys.exit(self._supervisor(listener, count=options["workers"], figures=folder).run())
        except OSError as error:
            self._fail(f"the folder for figures can't be written ({error.strerror}): set GAPLESS_DATA.")

    def _listen_to_scrapes(self) -> socket.socket | None:
        if not settings.METRICS_PORT:
            return None
        return listen(settings.METRICS_HOST, settings.METRICS_PORT, names="METRICS_PORT or METRICS_HOST")

    def _serve_for_parent(self, listener: socket.socket, up: int, is_successor: bool) -> None:
        if is_successor:
            self._be_well()
        if os.environ.get(metrics_server.SHARED_FOLDER):
            metrics_server.claim_name()
        # A successor may be of a newer edition than its parent.
        assets.collect()
        self._serve(
            listener,
            on_up=lambda: workers.tell_parent(up, workers.UP),
            say_alive=lambda: workers.tell_parent(up, workers.ALIVE),
        )

    def _be_well(self) -> None:
        self._check()
        reason = reach.why_not_postgresql()
        if reason:
            self._fail(f"the database can't be reached: {reason}")
        waiting = waiting_migrations()
        if waiting:
            self._fail(f"the database lacks {waiting} migrations: run `manage.py migrate` first.")

    def _serve_alone(self, listener: socket.socket) -> None:
        server = self._serve(
            listener,
            on_up=lambda: None,
            say_alive=lambda: notify.send_to_systemd(notify.ALIVE),
            succeed=lambda: _start_successor(listener),
        )
        if server.successor is None:
            return
        # From here on this process is only the parent of its successor.
        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]
        supervisor = self._supervisor(listener, count=1, first=[server.successor])
        if server.is_ended:
            supervisor.stop()
        sys.exit(supervisor.run())

    def _serve(self, listener: socket.socket, **how: Any) -> DrainingServer:
        limits = settings.LIMITS
        # This thread asks no more: what it kept would be half of the smallest pool.
        connections.close_all()
        return serve_here(listener, drain_seconds=limits.drain_seconds, frame_bytes=limits.frame_bytes, **how)

    def _supervisor(self, listener: socket.socket, **how: Any) -> Supervisor:
        limits = settings.LIMITS
        return Supervisor(
            listener,
            lambda: Worker(workers.command(), listener),
            lambda: _start_successor(listener),
            drain_seconds=limits.drain_seconds,
            hung_seconds=limits.hung_seconds,
            **how,
        )

    def _check(self) -> None:
        self.check()

    def _announce(self, listener: socket.socket, workers: int) -> None:
        is_new = not User.objects.exists()
        base = settings.PUBLIC_URL
        processes = "one process" if workers == 1 else f"{workers} processes"
        host, port = listener.getsockname()[:2]
        listens = f"port {port} of {host}, {processes}"
        self.stdout.write(f"Gapless is at {base}/ ({listens}; Ctrl-C ends it)")
        if is_new:
            self.stdout.write(f"Nobody has an account yet. Make yours, the owner's, at {base}{setup_url()}")
            if settings.SIGN_UP != "closed":
                self.stdout.write("The page after it has a link to invite the others; `manage.py invite` prints more.")
        self.stdout.flush()

    def _fail(self, sentence: str) -> NoReturn:
        self.stderr.write(f"gapless: {sentence}")
        sys.stderr.flush()
        raise SystemExit(os.EX_OK + 1)


def _start_successor(listener: socket.socket) -> Worker:
    return Worker(workers.successor_command(), listener)
