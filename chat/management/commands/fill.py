"""`manage.py fill`: writes very many messages, for measuring pages and searches."""

import datetime
import itertools
import json
import random
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

from chat import clock
from chat.models import Channel, User
from chat.services import add_member, create_user, open_channel
from chat.tools.babble import Babble
from chat.tools.fill import fill_channel, mark_all_read, tidy_messages
from chat.tools.progress import progress_bar
from delivery.wire.errors import Refused

#: Messages that are written at once.
AT_ONCE = 10_000


class Command(BaseCommand):
    help = (
        "Creates new channels with very many messages of made-up people, for measuring. The first channel gets the most, "
        "the last the fewest. Existing data is not changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("messages", type=int, help="how many, e.g. 1000000")
        parser.add_argument("--channels", type=int, default=50, help="new channels (default: 50)")
        parser.add_argument("--people", type=int, default=20, help="members of each, at most 99 (default: 20)")
        parser.add_argument(
            "--days", type=int, default=365, help="days over which the messages are spread (default: 365)"
        )
        parser.add_argument(
            "--member", action="append", default=[], help="a username that becomes a member too; may be repeated"
        )
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same messages (default: 1)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        self._refuse_nonsense(options)
        started = time.monotonic()
        watchers = [self._user(name) for name in options["member"]]
        shares = _shares(options["messages"], options["channels"])
        # What is interrupted leaves nothing.
        with transaction.atomic():
            channels = self._make(shares, watchers, options)
        tidy_messages()
        said = {
            "messages": sum(shares), "channels": [channel.pk for channel in channels], "largest": shares[0],
            "seconds": round(time.monotonic() - started, 1),
        }  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(said))
        else:
            self.stdout.write(
                f"{said['messages']:,} messages in {len(channels)} channels (the largest, {channels[0].pk}, has {shares[0]:,}), "
                f"in {said['seconds']} s."
            )

    def _make(self, shares: list[int], watchers: list[User], options: dict[str, Any]) -> list[Channel]:
        with connection.cursor() as cursor:
            # What is to be checked at the end of a transaction is kept in memory until then.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        people = [_person(number) for number in range(options["people"])]
        channels = [self._open(number, people) for number in range(options["channels"])]
        self._fill(channels, shares, people, options)
        for channel in channels:
            for user in watchers:
                add_member(people[0], channel=channel.pk, user=user)
            mark_all_read(channel.pk)
        return channels

    def _refuse_nonsense(self, options: dict[str, Any]) -> None:
        for name, most in (("messages", 100_000_000), ("channels", 10_000), ("people", 99), ("days", 10_000)):
            if not 1 <= options[name] <= most:
                raise CommandError(f"{name} must be from 1 to {most:,}.")

    def _user(self, name: str) -> User:
        user = User.objects.filter(username__iexact=name).first()
        if user is None:
            raise CommandError(f"There is no account {name!r}.")
        return user

    def _open(self, number: int, people: list[User]) -> Channel:
        name = f"filled {clock.now():%Y-%m-%d %H:%M:%S} #{number}"
        try:
            return open_channel(people[0], name=name, members=people[1:])
        except Refused as refusal:
            raise CommandError(refusal.detail) from None

    def _fill(self, channels: list[Channel], shares: list[int], people: list[User], options: dict[str, Any]) -> None:
        columns = ("[progress.description]{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with progress_bar(*columns) as progress:
            task = progress.add_task("messages", total=sum(shares))
            babble, chance = Babble(options["seed"]), random.Random(options["seed"])
            for channel, share in zip(channels, shares, strict=True):
                times = _times(share, days=options["days"])
                said = ((chance.choice(people).pk, babble.sentence(), at) for at in times)
                while some := list(itertools.islice(said, AT_ONCE)):
                    fill_channel(channel.pk, written=some)
                    progress.advance(task, len(some))


def _person(number: int) -> User:
    name = f"filler{number}"
    return User.objects.filter(username=name).first() or create_user(name, display_name=f"Filler {number}")


def _shares(messages: int, channels: int) -> list[int]:
    # As in life: the second has half as many as the first, the third a third.
    weights = [1 / (place + 1) for place in range(channels)]
    shares = [int(messages * weight / sum(weights)) for weight in weights]
    shares[0] += messages - sum(shares)
    return shares


def _times(count: int, *, days: int) -> Iterator[datetime.datetime]:
    now = clock.now()
    step = datetime.timedelta(days=days) / max(1, count)
    return (now - step * (count - place) for place in range(count))
