"""The common part of the export commands: the path, the reason, and the output."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.files.storage import answering
from chatproject.write_errors import why_not_written
from delivery.wire.errors import Refused


class ExportCommand(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        name = type(self).__module__.rpartition(".")[2]
        parser.add_argument("file", type=Path)
        parser.add_argument("--reason", default=f"Exported by manage.py {name}.", help="for the audit log")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def write_out(
        self,
        export: Callable[[Path], Mapping[str, int]],
        options: Mapping[str, Any],
        *,
        of: str,
        about: Mapping[str, int],
    ) -> None:
        """Runs `export`, which writes to the path and counts. `of`: its subject, for people; `about`: the same for programs."""
        path: Path = options["file"].absolute()
        try:
            with answering():
                counts = export(path)
        except Refused as refusal:
            raise CommandError(refusal.detail) from None
        except OSError as error:
            raise CommandError(f"no export was made: {why_not_written(path, error)}") from None
        size = path.stat().st_size
        if options["json"]:
            self.stdout.write(json.dumps({"file": str(path), "bytes": size, **about, "counts": counts}))
            return
        self.stdout.write(
            f"{path}: {size:,} bytes, {counts['messages.jsonl']:,} messages and {counts['files/']:,} files of {of}"
        )
