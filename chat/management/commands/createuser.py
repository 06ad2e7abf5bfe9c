"""`manage.py createuser`: creates an account, and a token for programs."""

import json
import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import Scope, User
from chat.services import change_staff_roles, create_token, create_user, join_first_channel
from chat.services.command_accounts import are_passwords_known
from chat.services.staff import GROUPS
from chat.tools.printing import kept_if_printed
from delivery.wire.errors import Refused

ENDED = (
    "The demo's password, which is known to everybody, has ended: a person has an account here now. "
    "Nobody signs in as alice, bob and the others until a superuser gives them another one (manage.py passwordlink)."
)


class Command(BaseCommand):
    help = (
        "Creates an account; --token prints an API token, which is not shown again. "
        "If the account exists, it only gets the token or the role."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the username")
        parser.add_argument("--password", help="the password (default: generated and printed)")
        parser.add_argument("--display-name", default="", help="the name that others see")
        parser.add_argument("--staff", action="store_true", help="may use the admin, with all rights")
        parser.add_argument(
            "--role",
            action="append",
            choices=list(GROUPS),
            help="a staff role, also for an existing account; may be repeated",
        )
        parser.add_argument("--token", action="store_true", help="print an API token")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="a scope of the token; may be repeated (default: all but tokens)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        was_open = are_passwords_known()
        try:
            with kept_if_printed(self.stdout):
                self._tell(self._make(options), as_json=options["json"])
        except Refused as refusal:
            raise CommandError(refusal.detail) from None
        if was_open and not are_passwords_known():
            self.stderr.write(ENDED)

    def _make(self, options: dict[str, Any]) -> dict[str, Any]:
        said: dict[str, Any] = {}
        user = User.objects.filter(username__iexact=options["name"]).first()
        if user is None:
            user = _create(options, said)
        elif not options["token"] and not options["role"]:
            raise CommandError(
                f"{user.username} exists already. With --token it gets another token, with --role a role."
            )
        if options["role"]:
            change_staff_roles(None, user=user.pk, roles=options["role"], reason="manage.py createuser --role")
            said["roles"] = options["role"]
        said = {"id": user.pk, "username": user.username, **said}
        if options["token"]:
            said["token"] = create_token(user, name="createuser", scopes=options["scope"])
        return said

    def _tell(self, said: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(said))
            return
        for name, value in said.items():
            self.stdout.write(f"{name}: {value}")


def _create(options: dict[str, Any], said: dict[str, Any]) -> User:
    password = options["password"]
    if password is None and not options["token"]:
        password = said["password"] = secrets.token_urlsafe(12)
    user = create_user(
        options["name"], password=password, display_name=options["display_name"], is_staff=options["staff"]
    )
    join_first_channel(user)
    return user
