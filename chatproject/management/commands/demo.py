"""`manage.py demo`: a believable company to look around in."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from chat.models import User
from chat.services import made
from chat.support.tools.demo import desk
from chat.tools.demo import stage
from chatproject import demo_files
from delivery.wire.errors import Refused

PASSWORD = "brightwater"  # noqa: S105 (of demo accounts; printed, and to be changed with --password)


class Command(BaseCommand):
    help = "Fills an instance with eight people, their channels, some days of talk and a busy helpdesk; says how to sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--password", help=f"of all demo accounts (default: {PASSWORD}, or beside an owner a generated one)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if made.has_people():
            raise CommandError(
                "People have accounts here: the demo is for an instance of its own (set GAPLESS_DATA and PORT)."
            )
        if User.objects.filter(groups__name=made.DEMO).exists():
            self.stdout.write("The demo company is here already.")
            password = PASSWORD if made.are_passwords_known() else None
        else:
            password = options["password"] or (PASSWORD if made.is_empty() else secrets.token_urlsafe(9))
            self._play(password)
        self.stdout.write(
            "Sign in as alice (owner), sam, carmen or emi (they answer customers at /admin/desk/), bob, dev, felix or grace,"
        )
        self.stdout.write(
            f"each with the password {password!r}." if password else "each with the password it was given."
        )
        if password == PASSWORD:
            self.stdout.write("As this password is known to everybody, it ends when anybody else gets an account here.")

    def _play(self, password: str) -> None:
        try:
            # Together: a known password never stands where nothing says that it is known.
            with transaction.atomic():
                people = stage.play(password=password, tell=self._tell)
                customers = desk.play(people, owner=people["alice"], tell=self._tell)
                made.mark_demo([*people.values(), *customers], is_known=password == PASSWORD)
                # Last: bytes do not go back with a transaction.
                demo_files.play(people, tell=self._tell)
        except Refused as refusal:
            raise CommandError(f"The demo can't be put here: {refusal.detail}") from None

    def _tell(self, line: str) -> None:
        self.stdout.write(f"demo: {line}")
