"""`manage.py restore FILE --yes`: puts a backup back in place of an installation's data."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from chat.files.storage import answering
from chat.tools.printing import step_printer
from chatproject.backup.errors import BackupError, Differs
from chatproject.backup.restoring import restore


class Command(BaseCommand):
    help = (
        "Replaces database and files with those in FILE, counts and checks them, and begins a new epoch, so that every client loads"
        " again. Refused while anything uses the database. All present data is deleted: confirm with --yes."
    )
    # The checks ask the database for tables that may not be there yet.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="confirm: replace all present data")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["yes"]:
            raise CommandError("this replaces everything that is there: say --yes")
        try:
            with answering():
                manifest = restore(options["file"].absolute(), says=step_printer(self.stderr, of="restore"))
        except (BackupError, OSError) as error:
            raise CommandError(f"not restored: {error}") from None
        except Differs as error:
            raise CommandError(f"put back, but not as it was: {error}") from None
        if options["json"]:
            self.stdout.write(json.dumps(msgspec.to_builtins(manifest)))
            return
        rows = manifest.rows
        self.stdout.write(
            f"restored as of {manifest.made_at}: {rows['messages']:,} messages in {rows['channels']:,} channels, {rows['users']:,}"
            f" accounts, {manifest.files:,} files. Start it again; `manage.py rebuild_cache` makes the first reads quick."
        )
