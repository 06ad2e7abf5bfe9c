"""`manage.py probe_delivery`: checks that a message arrives, and how soon. For cron and alerts."""

import asyncio
import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chat.services.command_accounts import has_people
from chat.tools.interrupting import ended_by_sigterm
from chat.tools.measuring_accounts import make_probe_accounts
from delivery.client import Ended
from delivery.load.probe import ProbeResult, probe
from delivery.load.target import answers, socket_url


class Command(BaseCommand):
    help = (
        "Sends messages through a running server and receives them on another socket, live and after a reconnect. "
        "Exit code 1 if a message was missed, came twice or came too late; 2 if no server answers or the probe is not allowed. "
        "The probe deletes its account and its private channel afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=f"http://{settings.HOST}:{settings.PORT}", help="default: HOST and PORT")
        parser.add_argument(
            "--most", type=float, default=1000, help="the longest allowed time of each, in milliseconds (default: 1000)"
        )
        parser.add_argument("--yes", action="store_true", help="run although people have accounts here")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["url"].rstrip("/")
        if has_people() and not options["yes"]:
            raise CommandError(
                "People have accounts in this database: the probe makes an account and a private channel beside them, for as long "
                "as it takes. Say --yes where that is meant, as in cron.",
                returncode=2,
            )
        if not answers(url):
            raise CommandError(f"Nothing answers at {url}: is the server running there?", returncode=2)
        try:
            with ended_by_sigterm(), make_probe_accounts(2) as places:
                found = asyncio.run(probe(socket_url(url), places=places))
        except (Ended, TimeoutError, OSError) as error:
            raise CommandError(
                f"Nothing can connect to {url}: {str(error) or 'no answer in time'}.", returncode=2
            ) from None
        took = (found.sent_to_received, found.back_to_caught_up)
        passed = found.is_whole and all(ms is not None and ms <= options["most"] for ms in took)
        if options["json"]:
            self.stdout.write(json.dumps({"passed": passed, **asdict(found)}))
        else:
            self._show(found, passed=passed)
        if not passed:
            sys.exit(1)

    def _show(self, found: ProbeResult, *, passed: bool) -> None:
        for says, ms in (
            ("connected", found.connected),
            ("sent to received", found.sent_to_received),
            ("back to caught up", found.back_to_caught_up),
        ):
            self.stdout.write(f"{says:>18}: " + ("not in time" if ms is None else f"{ms} ms"))
        for code, count in found.errors.items():
            self.stdout.write(f"{code:>18}: {count}")
        self.stdout.write("all is well" if passed else f"something is wrong: {found.findings}")
