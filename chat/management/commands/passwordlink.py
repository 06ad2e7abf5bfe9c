"""`manage.py passwordlink`: prints a one-time link with which a user who has lost their password sets a new one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.links import password_url
from chat.models import User
from chat.services import make_password_link
from chat.tools.printing import kept_if_printed
from delivery.wire.errors import Refused


class Command(BaseCommand):
    help = "Prints a link with which a user sets a new password, once, within a day. Then all their sessions and tokens end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the username")
        parser.add_argument("--reason", required=True, help="the reason, for the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.named(options["name"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['name']!r}.")
        try:
            with kept_if_printed(self.stdout):
                secret = make_password_link(None, user=user.pk, reason=options["reason"])
                self.stdout.write(password_url(secret))
        except Refused as refusal:
            raise CommandError(refusal.detail) from None
