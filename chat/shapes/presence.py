"""Presence of users, as clients get it."""

import datetime

import msgspec

from chat import models
from delivery.wire.frames import OwnPresence, PersonState
from delivery.wire.types import spell_time
from presence.everyone import Shown
from presence.people import Choice, Micros


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Presence by user id."""

    users: dict[int, PersonState]


AT_LUNCH = PersonState(status="away", activity="at lunch")
PEOPLE = People(users={2: AT_LUNCH})


def choice_of(user: models.User) -> Choice:
    return Choice(user.chosen_status, user.activity, user.presence_rev, user.shows_typing)


def own_presence_of(chosen: Choice) -> OwnPresence:
    return OwnPresence(status=chosen.status, activity=chosen.activity, shows_typing=chosen.shows_typing)


def state_of(shown: Shown) -> PersonState:
    return PersonState(shown.status, shown.activity, spell_micros(shown.last_seen))


def spell_micros(moment: Micros | None) -> str | None:
    """A time of Redis' clock, in the contract's format."""
    return None if moment is None else spell_time(datetime.datetime.fromtimestamp(moment / 1e6, datetime.UTC))
