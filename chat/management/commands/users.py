"""`manage.py users`: lists the accounts, and what each may do."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count, Q

from chat.models import User


class Command(BaseCommand):
    help = "Lists the accounts of people, without the support's visitors."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("search", nargs="?", default="", help="a part of the username or of the display name")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = User.objects.people().annotate(token_count=Count("tokens")).order_by("username")
        if options["search"]:
            rows = rows.filter(Q(username__says=options["search"]) | Q(display_name__says=options["search"]))
        if options["json"]:
            self.stdout.write(json.dumps({"users": [_spelled(row) for row in rows]}))
            return
        if not rows:
            self.stdout.write(
                f"Nobody here is called {options['search']}." if options["search"] else "Nobody has an account yet."
            )
        for row in rows:
            what = [
                *(["superuser"] if row.is_superuser else ["staff"] if row.is_staff else []),
                *(["switched off"] if not row.is_active else []),
                *([f"{row.token_count} token{'s' if row.token_count > 1 else ''}"] if row.token_count else []),
            ]
            self.stdout.write(f"{row.pk:>6}  {row.username:<40}  {row.get_full_name()}  {', '.join(what)}".rstrip())


def _spelled(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "username": row.username,
        "display_name": row.get_full_name(),
        "is_active": row.is_active,
        "is_staff": row.is_staff,
        "is_superuser": row.is_superuser,
        "date_joined": row.date_joined.isoformat(),
        "last_login": row.last_login and row.last_login.isoformat(),
        "tokens": row.token_count,
    }
