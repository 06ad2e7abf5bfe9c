"""`manage.py retention CHANNEL`: shows or changes how long a channel keeps its messages, and whether it is on hold."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import Channel
from chat.services import keep_channel
from delivery.wire.errors import Refused

ALWAYS, DEFAULT = "always", "default"


class Command(BaseCommand):
    help = (
        "Shows or changes for how many days a channel keeps its messages; `prune` deletes older ones. A channel on "
        "hold keeps everything. Without options nothing is changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("channel", type=int, metavar="CHANNEL", help="its id")
        parser.add_argument("--days", metavar="N", help=f"a number of days, `{ALWAYS}`, or `{DEFAULT}`: RETENTION_DAYS")
        hold = parser.add_mutually_exclusive_group()
        hold.add_argument("--hold", action="store_true", help="keep everything from now on")
        hold.add_argument("--release", action="store_true", help="end the hold")
        parser.add_argument("--reason", default="Changed by manage.py retention.", help="for the audit log")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        row = Channel.objects.filter(pk=options["channel"]).first()
        if row is None:
            raise CommandError(f"there is no channel {options['channel']}")
        days = row.keeps_days if options["days"] is None else _days(options["days"])
        is_held = options["hold"] or (row.is_held and not options["release"])
        if (days, is_held) != (row.keeps_days, row.is_held):
            try:
                row = keep_channel(None, channel=row.pk, keeps_days=days, is_held=is_held, reason=options["reason"])
            except Refused as refusal:
                raise CommandError(refusal.detail) from None
        if options["json"]:
            said = {"channel": row.pk, "kept_days": row.kept_days, "own_days": row.keeps_days}
            self.stdout.write(json.dumps({**said, "is_held": row.is_held, "floor": row.floor}))
            return
        kept = "for ever" if row.kept_days is None else f"for {row.kept_days:,} days"
        held = "; on hold: nothing is deleted" if row.is_held else ""
        gone = f"; up to number {row.floor:,} messages may be gone" if row.floor else ""
        self.stdout.write(f"{row}: kept {kept}{held}{gone}")


def _days(text: str) -> int | None:
    if text == DEFAULT:
        return None
    if text == ALWAYS:
        return 0
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise CommandError(f"--days is a number, {ALWAYS} or {DEFAULT}")
    return int(text)
