"""`manage.py check_counts`: compares stored counts of members, replies and reactions with the rows; --fix corrects them."""

import dataclasses
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from chat.models import Channel
from chat.services.counts import (
    WrongCount,
    WrongMessage,
    mend_count,
    mend_message,
    wrong_counts,
    wrong_messages,
)

Wrong = WrongCount | WrongMessage


class Command(BaseCommand):
    help = (
        "Compares every channel's member_count with its members, and the stored replies and reactions of messages with the rows."
        " Exit code 1 if a count is wrong and was not fixed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="correct wrong counts, under the channel's lock")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = _all_wrong()
        if options["fix"]:
            for wrong in found:
                _mend(wrong)
        left = {_key(wrong) for wrong in (_all_wrong() if options["fix"] else found)}
        checked = Channel.objects.count()
        if options["json"]:
            self.stdout.write(json.dumps(_spelled(found, left, checked)))
        else:
            for wrong in found:
                outcome = "still wrong" if _key(wrong) in left else "fixed"
                self.stdout.write(f"{_named(wrong)}: says {wrong.said}, has {wrong.true}: {outcome}")
            self.stdout.write(f"{checked} channels checked, {len(found)} wrong, {len(found) - len(left)} fixed")
        if left:
            raise SystemExit(1)


def _spelled(found: list[Wrong], left: set[tuple[int, str]], checked: int) -> dict[str, Any]:
    spelled = [{**dataclasses.asdict(wrong), "fixed": _key(wrong) not in left} for wrong in found]
    messages = [one for one in spelled if "message" in one]
    channels = [one for one in spelled if "message" not in one]
    return {"channels": checked, "wrong": channels, **({"messages": messages} if messages else {}), "ok": not left}


def _all_wrong() -> list[Wrong]:
    return [*wrong_counts(), *wrong_messages()]


def _mend(wrong: Wrong) -> None:
    if isinstance(wrong, WrongMessage):
        mend_message(wrong)
    else:
        mend_count(wrong.channel)


def _key(wrong: Wrong) -> tuple[int, str]:
    return (wrong.message, wrong.what) if isinstance(wrong, WrongMessage) else (wrong.channel, "members")


def _named(wrong: Wrong) -> str:
    if isinstance(wrong, WrongMessage):
        return f"the {wrong.what} of message {wrong.message} in channel {wrong.channel}"
    return f"channel {wrong.channel} ({wrong.name})"
