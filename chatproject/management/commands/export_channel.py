"""`manage.py export_channel ID FILE`: writes all messages of a channel into one zip."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from chat.models import Channel
from chatproject.exporting.channels import export_channel
from chatproject.exporting.command import ExportCommand


class Command(ExportCommand):
    help = (
        "Writes a channel, as of one moment, into FILE, while the installation serves: a zip with JSON lines, pages for a browser,"
        " and the channel's files. The audit log notes the export. Notes of a conversation are a channel of their own."
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
