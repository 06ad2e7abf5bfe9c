"""`manage.py invite`: prints an invitation link: people who open it create an account and join the chosen channels."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chat.links import invite_url
from chat.models import Channel, ChannelKind
from chat.services import create_invite
from chat.tools.printing import kept_if_printed
from delivery.wire.errors import Refused

DAY_SECONDS = 24 * 3600


class Command(BaseCommand):
    help = "Prints an invitation link: people who open it create an account and join the chosen channels. It is not shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--channel",
            action="append",
            default=[],
            help="a channel's name; may be repeated (default: the oldest public channel)",
        )
        parser.add_argument(
            "--uses", type=int, help=f"how many people it lets in (default: {settings.LIMITS.invite_uses})"
        )
        days = settings.LIMITS.invite_seconds // DAY_SECONDS
        parser.add_argument("--days", type=int, help=f"for how many days it is valid (default: {days})")

    def handle(self, *args: Any, **options: Any) -> None:
        channels = [_named(name) for name in options["channel"]] or [_oldest_public()]
        seconds = None if options["days"] is None else options["days"] * DAY_SECONDS
        try:
            with kept_if_printed(self.stdout):
                invited = [channel.pk for channel in channels]
                _, secret = create_invite(None, channels=invited, uses=options["uses"], seconds=seconds)
                self.stdout.write(invite_url(secret))
        except Refused as refusal:
            raise CommandError(refusal.detail) from None


def _named(name: str) -> Channel:
    found = list(
        Channel.objects.live().filter(name__iexact=name, kind__in=[ChannelKind.PUBLIC, ChannelKind.PRIVATE])[:2]
    )
    if len(found) != 1:
        raise CommandError(f"There is no channel {name!r}." if not found else f"Several channels are called {name!r}.")
    return found[0]


def _oldest_public() -> Channel:
    first = Channel.objects.live().filter(kind=ChannelKind.PUBLIC).order_by("pk").first()
    if first is None:
        raise CommandError("There is no public channel yet: name one with --channel, or set Gapless up first.")
    return first
