"""Accounts and channels for measuring: made on the way in, with tokens that end on the way out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chat import clock
from chat.models import Channel, Token, User
from chat.services.channels import archive_channel, open_channel
from chat.services.people import create_user
from chat.services.tokens import create_token

#: (token, channel) of each client.
Places = Sequence[tuple[str, int]]
_NAME = "load test"
_PROBER = "probe"


@contextmanager
def make_places(count: int, *, most: int) -> Iterator[Places]:
    """So many members with a token each, in as many new private channels as it takes; at the end these are archived."""
    people = [_person(number) for number in range(count)]
    rooms = [people[start : start + most] for start in range(0, count, most)]
    channels = [
        open_channel(
            room[0], name=f"{_NAME} {clock.now():%Y-%m-%d %H:%M:%S} #{number}", kind="private", members=room[1:]
        )
        for number, room in enumerate(rooms)
    ]
    tokens = [create_token(person, name=_NAME) for person in people]
    try:
        yield [(token, channels[number // most].pk) for number, token in enumerate(tokens)]
    finally:
        Token.objects.filter(user__in=people, name=_NAME).delete()
        for channel, room in zip(channels, rooms, strict=True):
            archive_channel(room[0], channel=channel.pk)


@contextmanager
def make_probe_places(count: int) -> Iterator[Places]:
    """The prober, that many times, in its one channel; its tokens end on the way out, and those of a prober that was killed."""
    prober = User.objects.filter(username=_PROBER).first() or create_user(_PROBER, display_name="Probe")
    channel = Channel.objects.filter(created_by=prober, kind="private").order_by("pk").first()
    if channel is None:
        channel = open_channel(prober, name="Probe", topic="Messages of manage.py probe_delivery", kind="private")
    tokens = [create_token(prober, name=_PROBER) for _ in range(count)]
    try:
        yield [(token, channel.pk) for token in tokens]
    finally:
        Token.objects.filter(user=prober).delete()


def _person(number: int) -> User:
    name = f"loadtest{number}"
    return User.objects.filter(username=name).first() or create_user(name, display_name=f"Load test {number}")
