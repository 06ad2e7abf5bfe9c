"""`manage.py serve`: the production server."""

import os
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from chat.models import User
from chat.setup import setup_url
from chatproject.serving import assets, descriptors, figures, serve


class Command(BaseCommand):
    help = "Serves pages, API and sockets with uvicorn; SIGTERM drains. HOST, PORT and WEB_WORKERS are read from the environment."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--workers", type=int, default=settings.WEB_WORKERS, help="web processes (default: WEB_WORKERS)"
        )
        parser.add_argument("--migrate", action="store_true", help="migrate the database first")
        parser.add_argument("--fd", type=int, help="(internal) an inherited listening socket to serve on")

    def handle(self, *args: Any, **options: Any) -> None:
        descriptors.raise_to_hard()
        if options["fd"] is not None:
            figures.be_known_as()
            self._serve(socket.socket(fileno=options["fd"]))
            return
        if options["workers"] < 1:
            raise CommandError("--workers must be at least 1.")
        self._check()
        try:
            listener = serve.listen(settings.HOST, settings.PORT)
            to_scrapes = self._listen_to_scrapes()
        except serve.ListenError as error:
            self._fail(str(error))
        if options["migrate"]:
            call_command("migrate", interactive=False, verbosity=0)
        assets.collect()
        self._announce(options["workers"])
        if options["workers"] == 1 and to_scrapes is None:
            self._serve(listener)
            return
        try:
            with figures.shared_figures(port=settings.PORT) as folder:
                if to_scrapes is not None:
                    figures.answer_on(to_scrapes)
                sys.exit(self._supervise(listener, options["workers"], folder))
        except OSError as error:
            self._fail(f"the folder for figures can't be written ({error.strerror}): set GAPLESS_DATA.")

    def _listen_to_scrapes(self) -> socket.socket | None:
        if not settings.METRICS_PORT:
            return None
        return serve.listen(settings.METRICS_HOST, settings.METRICS_PORT, names="METRICS_PORT or METRICS_HOST")

    def _supervise(self, listener: socket.socket, count: int, folder: Path) -> int:
        drain_seconds = settings.LIMITS.drain_seconds
        return serve.Supervisor(
            serve.worker_command(), listener, count=count, drain_seconds=drain_seconds, figures=folder
        ).run()

    def _serve(self, listener: socket.socket) -> None:
        serve.serve_here(listener, drain_seconds=settings.LIMITS.drain_seconds, frame_bytes=settings.LIMITS.frame_bytes)

    def _check(self) -> None:
        self.check()

    def _announce(self, workers: int) -> None:
        is_new = not User.objects.exists()
        base = settings.PUBLIC_URL
        processes = "one process" if workers == 1 else f"{workers} processes"
        listens = f"port {settings.PORT} of {settings.HOST}, {processes}"
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
