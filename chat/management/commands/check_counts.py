"""`manage.py check_counts`: whether every channel's `member_count` is true; with --fix, makes it so."""

import dataclasses
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from chat.models import Channel
from chat.services.counts import mend_count, wrong_counts


class Command(BaseCommand):
    help = "Compares every channel's member_count with its members. Exit code 1 when one is wrong and stays so."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="count anew what is wrong, under the channel's lock")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = wrong_counts()
        if options["fix"]:
            for wrong in found:
                mend_count(wrong.channel)
        left = {wrong.channel for wrong in wrong_counts()} if options["fix"] else {wrong.channel for wrong in found}
        checked = Channel.objects.count()
        if options["json"]:
            spelled = [{**dataclasses.asdict(wrong), "fixed": wrong.channel not in left} for wrong in found]
            self.stdout.write(json.dumps({"channels": checked, "wrong": spelled, "ok": not left}))
        else:
            for wrong in found:
                outcome = "still wrong" if wrong.channel in left else "fixed"
                self.stdout.write(
                    f"channel {wrong.channel} ({wrong.name}): says {wrong.said}, has {wrong.true}: {outcome}"
                )
            self.stdout.write(f"{checked} channels checked, {len(found)} wrong, {len(found) - len(left)} fixed")
        if left:
            raise SystemExit(1)
