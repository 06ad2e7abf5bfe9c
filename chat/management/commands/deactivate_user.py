"""`manage.py deactivate_user NAME --reason WHY`: who has left; `--reactivate` lets them in again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import User, UserKind
from chat.services import deactivate_user, reactivate_user
from delivery.wire.errors import Refused


class Command(BaseCommand):
    help = "No door lets this account in any more, and its sockets are closed. What it has said stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the username")
        parser.add_argument("--reason", required=True, help="for the audit log")
        parser.add_argument("--reactivate", action="store_true", help="lets them in again")

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
