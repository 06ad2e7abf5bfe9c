"""Joining many channels at once, directly and by one link: the count is exact, and no other user waits for Redis."""

import threading
from typing import Any

import pytest
from django.db import connection, connections

from chat import services
from chat.allowances import counting
from chat.allowances.window import Answer, Windows, windows
from chat.middleware import caller
from chat.models import Door, Member
from delivery.wire.errors import Invalid
from tests.conftest import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_joins_at_once_are_not_one_channel_too_many(cast: Cast, settings: Any) -> None:
    made = [services.open_channel(cast.alice, name=f"{n}").pk for n in range(8)]
    settings.LIMITS = type(settings.LIMITS)(channels_per_user=3)
    outcomes: list[str] = []
    together = threading.Barrier(len(made))

    def join(channel: int) -> None:
        together.wait(10)
        try:
            services.join_channel(cast.charlie, channel=channel)
            outcomes.append("in")
        except Invalid:
            outcomes.append("too many")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=join, args=[channel]) for channel in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in"] * 3 + ["too many"] * 5
    assert Member.objects.filter(user=cast.charlie).count() == 3


def test_people_who_open_channels_with_each_other_do_not_lock_each_other_out(cast: Cast) -> None:
    pair, errors = [cast.alice, cast.bob, cast.charlie, cast.vera], list[Exception]()

    def open_all(place: int) -> None:
        others = pair[place + 1 :] + pair[:place]
        try:
            for n in range(5):
                services.open_channel(pair[place], name=f"{place} {n}", kind="private", members=others)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=open_all, args=[place]) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


class Watched:
    """The windows, and whether a transaction was open when they were asked."""

    def __init__(self, real: Windows) -> None:
        self._real = real
        self.asked_in_transaction: list[bool] = []

    def ask(self, *args: Any) -> Answer:
        self.asked_in_transaction.append(connection.in_atomic_block)
        return self._real.ask(*args)

    def forget(self, *args: Any) -> None:
        self.asked_in_transaction.append(connection.in_atomic_block)
        self._real.forget(*args)


def test_who_comes_in_by_a_link_is_counted_while_no_channel_is_locked(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels = [services.open_channel(cast.alice, name=f"{n}", kind="private").pk for n in range(3)]
    _, secret = services.create_invite(cast.alice, channels=[*channels, cast.team.pk])
    watched = Watched(windows())
    monkeypatch.setattr(counting, "windows", lambda: watched)
    with caller.with_origin(Door.PAGE, None):
        services.accept_invite(cast.bob, secret=secret)
    assert watched.asked_in_transaction == [False] * 3, "he is in the team already"
    assert Member.objects.filter(user=cast.bob).count() == 4
