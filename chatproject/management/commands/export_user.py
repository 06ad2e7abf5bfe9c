"""`manage.py export_user NAME FILE`: all that is known of a person, in one zip."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from chat.models import User, UserKind
from chatproject.exporting.command import ExportCommand
from chatproject.exporting.people import export_user


class Command(ExportCommand):
    help = (
        "Writes all that is about a person into FILE, a zip of lines of JSON and their files, as it is at one moment, while it"
        " serves. What others wrote is not in it. The audit log says that it was made."
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
