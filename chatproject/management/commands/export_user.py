"""`manage.py export_user NAME FILE`: writes all data about a person into one zip."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from chat.models import User, UserKind
from chatproject.exporting.command import ExportCommand
from chatproject.exporting.people import export_user


class Command(ExportCommand):
    help = (
        "Writes all data about a person, as of one moment, into FILE, while the installation serves: a zip with JSON lines and"
        " their files, without messages of others. The audit log notes the export."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the username; a visitor's too")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.named(options["name"]).exclude(kind=UserKind.SYSTEM).first()
        if user is None:
            raise CommandError(f"nobody is called {options['name']} here")
        self.write_out(
            lambda path: export_user(user, path, reason=options["reason"]),
            options,
            of=user.username,
            about={"user": user.pk},
        )
