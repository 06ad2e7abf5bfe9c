"""`manage.py export_channel ID FILE`: all that was said in a channel, in one zip."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import Channel
from chatproject.exporting.channels import export_channel
from delivery.wire.errors import Refused


class Command(BaseCommand):
    help = (
        "Writes all of a channel into FILE, a zip of lines of JSON, pages to be read in a browser and its files, as it is at one"
        " moment, while it serves. The audit log says that it was made. Notes of a conversation are a channel of their own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("channel", type=int, metavar="ID")
        parser.add_argument("file", type=Path)
        parser.add_argument("--reason", default="Exported by manage.py export_channel.", help="for the audit log")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        channel = Channel.objects.filter(pk=options["channel"]).first()
        if channel is None:
            raise CommandError(f"there is no channel {options['channel']}")
        path: Path = options["file"].absolute()
        try:
            counts = export_channel(channel, path, reason=options["reason"])
        except Refused as refusal:
            raise CommandError(refusal.detail) from None
        except OSError as error:
            raise CommandError(f"no export was made: {error}") from None
        size = path.stat().st_size
        said = {"file": str(path), "bytes": size, "channel": channel.pk, "counts": counts}
        if options["json"]:
            self.stdout.write(json.dumps(said))
            return
        self.stdout.write(
            f"{path}: {size:,} bytes, {counts['messages.jsonl']:,} messages and {counts['files/']:,} files of {channel}"
        )
