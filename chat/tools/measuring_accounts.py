"""Accounts and channels for measuring: created before it and deleted after it, also those of a killed measurement."""

import datetime
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction
from django.db.models import ProtectedError

from chat import clock
from chat.models import Channel, Message, Token, User
from chat.reads.cache import recent
from chat.services.channels import open_channel
from chat.services.command_accounts import for_measuring
from chat.services.people import create_user
from chat.services.tokens import create_token
from chat.tools.runs import holding, new_run

#: For each client: the token of its account, and the id of its channel.
ClientAccounts = Sequence[tuple[str, int]]
_LOADTEST, _PROBE = "loadtest", "probe"
#: `loadtest17-3` is the fourth of the seventeenth run.
_USERNAME = re.compile(rf"({_LOADTEST}|{_PROBE})([0-9]+)-[0-9]+")
#: Extra time beyond a measurement's planned duration; then its tokens expire.
_SLACK = datetime.timedelta(hours=1)
#: Rows in one transaction.
_AT_ONCE = 2000


@contextmanager
def make_client_accounts(count: int, *, most: int, seconds: float) -> Iterator[ClientAccounts]:
    """Creates so many members with a token each, in as many new private channels as needed, for a measurement of so many seconds.

    At the end the accounts, the channels and their messages are deleted. The next measurement or `prune` deletes those of a killed
    one, but never those of one under way.
    """
    with _run_of(_LOADTEST) as name:
        people = [create_user(f"{name}-{n}", display_name=f"Load test {n}") for n in range(count)]
        rooms = [people[start : start + most] for start in range(0, count, most)]
        channels = [
            open_channel(room[0], name=f"load test #{n}", kind="private", members=room[1:])
            for n, room in enumerate(rooms)
        ]
        ends_at = clock.now() + datetime.timedelta(seconds=seconds) + _SLACK
        tokens = [create_token(person, name="load test", expires_at=ends_at) for person in people]
        yield [(token, channels[n // most].pk) for n, token in enumerate(tokens)]


@contextmanager
def make_probe_accounts(count: int) -> Iterator[ClientAccounts]:
    """The same for a probe: one account, for so many clients, in a channel of its own."""
    with _run_of(_PROBE) as name:
        prober = create_user(f"{name}-0", display_name="Probe")
        channel = open_channel(prober, name="Probe", topic="Messages of manage.py probe_delivery", kind="private")
        ends_at = clock.now() + _SLACK
        yield [(create_token(prober, name="probe", expires_at=ends_at), channel.pk) for _ in range(count)]


def delete_measuring_accounts() -> int:
    """Deletes the remains of all ended measurements, also of killed ones; returns the number of accounts."""
    names = for_measuring().values_list("username", flat=True)
    runs = {found.groups() for found in map(_USERNAME.fullmatch, names) if found}
    return sum(_clear(kind, int(run)) for kind, run in sorted(runs))


@contextmanager
def _run_of(kind: str) -> Iterator[str]:
    delete_measuring_accounts()
    run = new_run()
    with holding(run):
        try:
            yield f"{kind}{run}"
        finally:
            _take_away(f"{kind}{run}-")


def _clear(kind: str, run: int) -> int:
    with holding(run) as is_ours:
        return _take_away(f"{kind}{run}-") if is_ours else 0


def _take_away(prefix: str) -> int:
    people = for_measuring().filter(username__startswith=prefix)
    found = list(people.values_list("pk", flat=True))
    Token.objects.filter(user__in=found).delete()
    for channel in list(Channel.objects.filter(created_by__in=found).values_list("pk", flat=True)):
        _take_away_channel(channel)
    for start in range(0, len(found), _AT_ONCE):
        try:
            User.objects.filter(pk__in=found[start : start + _AT_ONCE]).delete()
        except ProtectedError:
            # The staff have acted on them: accounts in the audit log stay, but nobody can use them.
            User.objects.filter(pk__in=found).update(is_active=False)
    return len(found)


def _take_away_channel(channel: int) -> None:
    said = Message.objects.filter(channel=channel)
    try:
        while some := list(said.values_list("pk", flat=True)[:_AT_ONCE]):
            Message.objects.filter(pk__in=some).delete()
        with transaction.atomic():
            # Under the lock no message is written between the last look and the channel's end.
            Channel.objects.select_for_update().get(pk=channel)
            said.delete()
            Channel.objects.filter(pk=channel).delete()
    except ProtectedError:
        Channel.objects.filter(pk=channel).update(archived_at=clock.now())
    recent.forget(channel)
