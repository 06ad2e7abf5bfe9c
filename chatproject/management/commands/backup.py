"""`manage.py backup FILE`: writes a whole installation into one file, while it serves."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from chat.files.storage import answering
from chat.tools.printing import step_printer
from chatproject.backup.errors import BackupError
from chatproject.backup.saving import write_backup
from chatproject.write_errors import why_not_written


class Command(BaseCommand):
    help = (
        "Writes database and files, as of one moment, into FILE, while the installation serves. FILE holds all messages:"
        " keep it as safe as the database."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"].absolute()
        try:
            with answering():
                manifest = write_backup(path, says=step_printer(self.stderr, of="backup"))
        except (BackupError, OSError) as error:
            raise CommandError(f"no backup was made: {why_not_written(path, error)}") from None
        size = path.stat().st_size
        if options["json"]:
            self.stdout.write(json.dumps({"file": str(path), "bytes": size, **msgspec.to_builtins(manifest)}))
            return
        self.stdout.write(
            f"{path}: {size:,} bytes, {manifest.rows['messages']:,} messages in {manifest.rows['channels']:,} channels,"
            f" {manifest.files:,} files, as of {manifest.made_at}"
        )
