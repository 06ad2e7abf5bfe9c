"""`manage.py demo`: fills an instance with a demo company."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import User
from chat.services import command_accounts
from chat.support.tools.demo import desk
from chat.tools.demo import stage
from chat.tools.printing import kept_if_printed
from chatproject import demo_files
from delivery.wire.errors import Refused

PASSWORD = "brightwater"  # noqa: S105 (of demo accounts; printed, and to be changed with --password)


class Command(BaseCommand):
    help = "Fills an instance with eight people, their channels, some days of messages and a busy helpdesk; prints how to sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--password",
            help=f"the password of all demo accounts (default: {PASSWORD}; if there is an owner, a generated one)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if command_accounts.has_people():
            raise CommandError(
                "People have accounts here: the demo is for an instance of its own (set GAPLESS_DATA and PORT)."
            )
        if User.objects.filter(groups__name=command_accounts.DEMO).exists():
            self.stdout.write("The demo company is here already.")
            self._say_how_to_sign_in(PASSWORD if command_accounts.are_passwords_known() else None)
        else:
            self._play(options["password"] or (PASSWORD if command_accounts.is_empty() else secrets.token_urlsafe(9)))

    def _say_how_to_sign_in(self, password: str | None) -> None:
        self.stdout.write(
            "Sign in as alice (owner), sam, carmen or emi (they answer customers at /admin/desk/), bob, dev, felix or grace,"
        )
        self.stdout.write(
            f"each with the password {password!r}."
            if password
            else "each with the password it was given (another one: manage.py passwordlink NAME)."
        )
        if password == PASSWORD:
            self.stdout.write("As this password is known to everybody, it ends when anybody else gets an account here.")

    def _play(self, password: str) -> None:
        try:
            # In one transaction: a known password must be marked as known, and a generated one must have been printed.
            with kept_if_printed(self.stdout):
                people = stage.play(password=password, tell=self._tell)
                customers = desk.play(people, owner=people["alice"], tell=self._tell)
                command_accounts.mark_demo([*people.values(), *customers], is_known=password == PASSWORD)
                # Last, because a rollback does not delete bytes.
                with demo_files.posted_demo_files(people, tell=self._tell):
                    self._say_how_to_sign_in(password)
                    self.stdout.flush()
        except Refused as refusal:
            raise CommandError(f"The demo can't be put here: {refusal.detail}") from None

    def _tell(self, line: str) -> None:
        self.stdout.write(f"demo: {line}")
        # Flushed now, so that a closed pipe is noticed before the password is printed.
        self.stdout.flush()
