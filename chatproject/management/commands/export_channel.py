"""`manage.py export_channel ID FILE`: all that was said in a channel, in one zip."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from chat.models import Channel
from chatproject.exporting.channels import export_channel
from chatproject.exporting.command import ExportCommand


class Command(ExportCommand):
    help = (
        "Writes all of a channel into FILE, a zip of lines of JSON, pages to be read in a browser and its files, as it is at one"
        " moment, while it serves. The audit log says that it was made. Notes of a conversation are a channel of their own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("channel", type=int, metavar="ID")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        channel = Channel.objects.filter(pk=options["channel"]).first()
        if channel is None:
            raise CommandError(f"there is no channel {options['channel']}")
        self.write_out(
            lambda path: export_channel(channel, path, reason=options["reason"]),
            options,
            of=str(channel),
            about={"channel": channel.pk},
        )
