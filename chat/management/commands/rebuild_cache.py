"""`manage.py rebuild_cache`: puts the newest messages of channels into Redis again, after it was emptied or restored."""

import datetime
import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Exists, OuterRef

from chat import clock
from chat.models import Channel, Message
from chat.reads.cache import recent
from chat.tools.progress import progress_bar

#: Channels in which something was said in so many days; others are put in when they are read.
RECENT_DAYS = 7


class Command(BaseCommand):
    help = (
        "Puts the newest messages of channels that were used in the last 7 days into Redis. This only saves time: without them "
        "readers ask PostgreSQL. Exit code 1 if Redis took none."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--channel", type=int, action="append", default=[], help="only this channel; may be repeated"
        )
        parser.add_argument("--all", action="store_true", help="all channels that are not archived")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        channels = _channels(options["channel"], everything=options["all"])
        rebuilt = 0
        with progress_bar() as progress:
            for channel in progress.track(channels, description="channels"):
                rebuilt += recent.rebuild(channel)
        left = len(channels) - rebuilt
        if options["json"]:
            self.stdout.write(json.dumps({"channels": len(channels), "rebuilt": rebuilt, "not_taken": left}))
        else:
            self.stdout.write(f"{rebuilt:,} of {len(channels):,} channels are in the recent cache.")
            if left:
                self.stdout.write("The others changed meanwhile, or Redis is away: `manage.py doctor` says which.")
        if left and not rebuilt:
            sys.exit(1)


def _channels(named: list[int], *, everything: bool) -> list[int]:
    rows = Channel.objects.live()
    if named:
        rows = Channel.objects.filter(pk__in=named)
        missing = sorted({*named} - {*rows.values_list("pk", flat=True)})
        if missing:
            raise CommandError(f"there is no channel {', '.join(map(str, missing))}")
    elif not everything:
        since = clock.now() - datetime.timedelta(days=RECENT_DAYS)
        rows = rows.filter(Exists(Message.objects.filter(channel=OuterRef("pk"), created_at__gte=since)))
    return list(rows.order_by("pk").values_list("pk", flat=True))
