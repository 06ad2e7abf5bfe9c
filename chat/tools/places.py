"""Accounts and channels for measuring: made or revived on the way in, ended on the way out, also of what was killed."""

import datetime
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chat import clock
from chat.models import Channel, Token, User
from chat.services.channels import archive_channel, open_channel
from chat.services.made import for_measuring
from chat.services.people import create_user
from chat.services.tokens import create_token
from delivery.wire.errors import Conflict

#: (token, channel) of each client.
Places = Sequence[tuple[str, int]]
_NAME = "load test"
_USERNAME = "loadtest"
_PROBER = "probe"
#: Beyond what a measurement is said to take: after that its tokens end by themselves.
_SLACK = datetime.timedelta(hours=1)


@contextmanager
def make_places(count: int, *, most: int, seconds: float) -> Iterator[Places]:
    """So many members with a token each, in as many new private channels as it takes, for a measurement of so many seconds.

    At the end the channels are archived, the tokens gone and the accounts inactive. Of a measurement that was killed the next
    one does that, or `prune` once its tokens have expired.
    """
    end_places()
    people = _active(count)
    rooms = [people[start : start + most] for start in range(0, count, most)]
    channels = [
        open_channel(
            room[0], name=f"{_NAME} {clock.now():%Y-%m-%d %H:%M:%S} #{number}", kind="private", members=room[1:]
        )
        for number, room in enumerate(rooms)
    ]
    ends_at = clock.now() + datetime.timedelta(seconds=seconds) + _SLACK
    try:
        tokens = [create_token(person, name=_NAME, expires_at=ends_at) for person in people]
        yield [(token, channels[number // most].pk) for number, token in enumerate(tokens)]
    finally:
        end_places()


def end_places(*, only_expired: bool = False) -> int:
    """Ends what measurements have left: how many accounts it were. `only_expired`: not those that may still be running."""
    ours = for_measuring().filter(username__startswith=_USERNAME, is_active=True)
    if only_expired:
        ours = ours.exclude(pk__in=Token.objects.filter(name=_NAME, expires_at__gt=clock.now()).values("user_id"))
    left = list(ours)
    for channel in (
        Channel.objects.live().filter(created_by__in=left, name__startswith=_NAME).select_related("created_by")
    ):
        assert channel.created_by is not None
        archive_channel(channel.created_by, channel=channel.pk)
    Token.objects.filter(user__in=left).delete()
    User.objects.filter(pk__in=[user.pk for user in left]).update(is_active=False)
    return len(left)


@contextmanager
def make_probe_places(count: int) -> Iterator[Places]:
    """The prober, that many times, in its one channel; its tokens end on the way out, and those of a prober that was killed."""
    prober = _account(_PROBER, display_name="Probe")
    if prober is None:
        raise Conflict("Somebody has the username probe: the prober has no account here.")
    channel = Channel.objects.filter(created_by=prober, kind="private").order_by("pk").first()
    if channel is None:
        channel = open_channel(prober, name="Probe", topic="Messages of manage.py probe_delivery", kind="private")
    tokens = [create_token(prober, name=_PROBER, expires_at=clock.now() + _SLACK) for _ in range(count)]
    try:
        yield [(token, channel.pk) for token in tokens]
    finally:
        Token.objects.filter(user=prober).delete()


def _active(count: int) -> list[User]:
    # A person may have one of the names: then there is one number less.
    accounts = (_account(f"{_USERNAME}{number}", display_name=f"Load test {number}") for number in itertools.count())
    people = list(itertools.islice((account for account in accounts if account is not None), count))
    User.objects.filter(pk__in=[user.pk for user in people]).update(is_active=True)
    return people


def _account(name: str, *, display_name: str) -> User | None:
    ours = for_measuring().filter(username=name).first()
    if ours is not None:
        ours.is_active = True
        return ours
    return None if User.objects.named(name).exists() else create_user(name, display_name=display_name)
