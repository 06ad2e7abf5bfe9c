"""`manage.py export_user NAME FILE`: all that is known of a person, in one zip."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import User, UserKind
from chatproject.exporting.people import export_user
from delivery.wire.errors import Refused


class Command(BaseCommand):
    help = (
        "Writes all that is about a person into FILE, a zip of lines of JSON and their files, as it is at one moment, while it"
        " serves. What others wrote is not in it. The audit log says that it was made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the username; a visitor's too")
        parser.add_argument("file", type=Path)
        parser.add_argument("--reason", default="Exported by manage.py export_user.", help="for the audit log")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.named(options["name"]).exclude(kind=UserKind.SYSTEM).first()
        if user is None:
            raise CommandError(f"nobody is called {options['name']} here")
        path: Path = options["file"].absolute()
        try:
            counts = export_user(user, path, reason=options["reason"])
        except Refused as refusal:
            raise CommandError(refusal.detail) from None
        except OSError as error:
            raise CommandError(f"no export was made: {error}") from None
        size = path.stat().st_size
        said = {"file": str(path), "bytes": size, "user": user.pk, "counts": counts}
        if options["json"]:
            self.stdout.write(json.dumps(said))
            return
        self.stdout.write(
            f"{path}: {size:,} bytes, {counts['messages.jsonl']:,} messages and {counts['files/']:,} files of {user.username}"
        )
