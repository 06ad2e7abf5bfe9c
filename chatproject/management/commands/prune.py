"""`manage.py prune`: deletes messages older than RETENTION_DAYS, and files that no message has. For cron."""

import datetime
import json
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chat import clock
from chat.files.services import sweep
from chat.services.pruning import channels_to_prune, prunable, prune_logins, prune_messages
from chat.services.retention import least_days, tell_removals
from chat.support.services.pruning import prune_visitors
from chat.tools.progress import progress_bar
from chatproject.erasing import finish_all

#: Messages in one transaction, so that nobody waits for it.
AT_ONCE = 500


class Command(BaseCommand):
    help = (
        "Deletes messages that are older than RETENTION_DAYS (0, the default: keep all) or than their channel's own days "
        "(`retention`), and logins that have expired; also files whose message is gone or that no message took within a day, "
        "and visitors who wrote nothing. Reported messages and those in the audit log stay. "
        "The command may be interrupted and repeated at any time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=settings.RETENTION_DAYS,
            help="days instead of RETENTION_DAYS; channels with their own days keep these",
        )
        parser.add_argument("--dry-run", action="store_true", help="only print how many messages it would delete")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if days and days < least_days():
            raise CommandError(
                f"At least {least_days()} days must be kept: clients may still need the replay of younger messages."
            )
        began_at = time.monotonic()
        pruned = self._prune_messages(days, is_dry=options["dry_run"])
        logins = 0 if options["dry_run"] else prune_logins(now=clock.now())
        files = 0 if options["dry_run"] else _sweep_all()
        visitors = 0 if options["dry_run"] else prune_visitors(now=clock.now())
        erased = 0 if options["dry_run"] else finish_all()
        said = {
            "days": days,
            "messages": pruned,
            "logins": logins,
            "files": files,
            "visitors": visitors,
            "erased": erased,
            "seconds": round(time.monotonic() - began_at, 1),
        }
        if options["json"]:
            self.stdout.write(json.dumps(said))
            return
        would = "would be taken away" if options["dry_run"] else "taken away"
        older = f"older than {days} days" if days else "of channels that are kept for a time"
        self.stdout.write(
            f"{pruned:,} messages {older}, {logins:,} expired logins, {files:,} files that nobody has"
            f" and {visitors:,} silent visitors {would}."
        )

    def _prune_messages(self, days: int, *, is_dry: bool) -> int:
        pruned = 0
        with progress_bar() as progress:
            for channel, kept in progress.track(channels_to_prune(days=days), description="channels"):
                before, here = clock.now() - datetime.timedelta(days=kept), pruned
                if is_dry:
                    pruned += prunable(channel, before=before)
                    continue
                while count := prune_messages(channel, before=before, most=AT_ONCE):
                    pruned += count
                if pruned > here:
                    tell_removals(channel)
        return pruned


def _sweep_all() -> int:
    swept = 0
    while count := sweep():
        swept += count
    return swept
