"""`manage.py demo`: a believable company to look around in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from chat.demo import script, stage
from chat.models import User

PASSWORD = "brightwater"  # noqa: S105 (of demo accounts; printed, and to be changed with --password)


class Command(BaseCommand):
    help = "Fills an instance with eight people, their channels, some days of conversation and a support case; says how to sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--password", default=PASSWORD, help=f"of all demo accounts (default: {PASSWORD})")

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(username__in=script.PEOPLE).exists():
            self.stdout.write("The demo company is here already.")
        else:
            stage.play(password=options["password"], tell=lambda line: self.stdout.write(f"demo: {line}"))
        self.stdout.write(
            "Sign in as alice (owner), bob, carmen, dev, emi, felix, grace, sam (support) or vera (a customer),"
        )
        self.stdout.write(f"each with the password {options['password']!r}.")
