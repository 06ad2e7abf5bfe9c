"""`manage.py erase_user NAME --yes`: erases a person for ever."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import Erasure, User, UserKind
from chat.services.erased_names import was_erased
from chat.services.erasing.beginning import begin_erasure
from chatproject.erasing import finish_erasure
from delivery.wire.errors import Refused

KEEP, DELETE = "keep", "delete"


class Command(BaseCommand):
    help = (
        "Erases a person: name, address, password, tokens, sessions, saved messages, reactions, read marks, mentions and other"
        " data about them. Their messages stay under the name Deleted user, because others' answers need them; --messages delete"
        " empties them and deletes their files. Nobody can take the username again. The command may be interrupted and repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the username")
        parser.add_argument("--yes", action="store_true", help="confirm: it can't be undone")
        parser.add_argument(
            "--messages", choices=[KEEP, DELETE], default=KEEP, help=f"what happens to their messages (default: {KEEP})"
        )
        parser.add_argument("--reason", default="Erased by manage.py erase_user.", help="for the audit log")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["yes"]:
            raise CommandError("this can't be undone: say --yes")
        user = _who_is(options["name"])
        try:
            begin_erasure(None, user=user, keeps_messages=options["messages"] == KEEP, reason=options["reason"])
        except Refused as refusal:
            raise CommandError(refusal.detail) from None
        said = _spelled(finish_erasure(user))
        if options["json"]:
            self.stdout.write(json.dumps(said))
            return
        done = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in said["counts"].items())
        self.stdout.write(
            f"{options['name']} is {said['username']} now; messages {said['messages']}; {done or 'no traces'}."
        )


def _who_is(name: str) -> int:
    user = User.objects.named(name).filter(kind=UserKind.PERSON).first()
    if user is not None:
        return user.pk
    # An erasure that began before and was killed in the middle.
    for erasure in Erasure.objects.under_way():
        if erasure.names[0].lower() == name.lower():
            return erasure.pk
    if was_erased(name):
        raise CommandError(f"{name} was erased before: nothing is left to do")
    raise CommandError(f"nobody is called {name} here")


def _spelled(erasure: Erasure) -> dict[str, Any]:
    return {
        "user": erasure.pk,
        "username": User.objects.get(pk=erasure.pk).username,
        "messages": "kept" if erasure.keeps_messages else "deleted",
        "counts": erasure.counts,
    }
