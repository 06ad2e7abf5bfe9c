"""`manage.py deactivate_user NAME --reason WHY`: locks the account of a person who has left; `--reactivate` unlocks it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import User, UserKind
from chat.services import deactivate_user, reactivate_user
from delivery.wire.errors import Refused


class Command(BaseCommand):
    help = "Locks an account: nobody can sign in with it, and its sockets are closed. Its messages stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the username")
        parser.add_argument("--reason", required=True, help="for the audit log")
        parser.add_argument("--reactivate", action="store_true", help="unlock the account")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.named(options["name"]).filter(kind=UserKind.PERSON).first()
        if user is None:
            raise CommandError(f"nobody is called {options['name']} here")
        verb = reactivate_user if options["reactivate"] else deactivate_user
        try:
            verb(None, user=user.pk, reason=options["reason"])
        except Refused as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(f"{user.username} {'may come in again' if options['reactivate'] else 'is switched off'}.")
