"""`manage.py tokens NAME`: lists the tokens of an account, and revokes them."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import Token, User
from chat.services import delete_token
from delivery.wire.errors import Refused


class Command(BaseCommand):
    help = "Lists an account's tokens. --revoke ends one or all, and the tokens that they have created; their sockets are closed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the username")
        parser.add_argument("--revoke", metavar="ID", help="end the token of this id, or `all`")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["name"]).first()
        if user is None:
            raise CommandError(f"nobody is called {options['name']} here")
        ended = self._revoke(user, options["revoke"]) if options["revoke"] else []
        rows = Token.objects.filter(user=user).order_by("pk")
        if options["json"]:
            self.stdout.write(json.dumps({"tokens": [_spelled(row) for row in rows], "revoked": ended}))
            return
        if not rows and not ended:
            self.stdout.write(f"{user.username} has no tokens.")
        for row in rows:
            used = f"used {row.last_used_at:%Y-%m-%d}" if row.last_used_at else "never used"
            self.stdout.write(f"{row.pk:>6}  {row.name}  ({', '.join(row.scopes)})  {used}")
        if options["revoke"]:
            self.stdout.write(f"{len(ended)} ended.")

    def _revoke(self, user: User, which: str) -> list[int]:
        standing = Token.objects.filter(user=user).order_by("pk")
        wanted = list(standing.values_list("pk", flat=True)) if which == "all" else [_number(which)]
        ended = []
        for pk in wanted:
            try:
                delete_token(user, token=pk)
                ended.append(pk)
            except Refused:
                # One that ended with its parent, a moment ago, is no mistake.
                if which != "all":
                    raise CommandError(f"{user.username} has no token {pk}") from None
        return ended


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise CommandError("--revoke takes the number of a token, or all")
    return int(text)


def _spelled(row: Token) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "scopes": list(row.scopes),
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at and row.expires_at.isoformat(),
        "last_used_at": row.last_used_at and row.last_used_at.isoformat(),
    }
