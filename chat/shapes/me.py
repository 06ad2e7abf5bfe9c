"""The caller's own account, as they see it."""

from collections.abc import Collection

import msgspec

from chat import models
from chat.shapes.presence import choice_of
from chat.shapes.words import THEN, Id, ScopeName
from delivery.wire.types import Time, spell_time


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's account, and the scopes of this login."""

    id: Id
    username: str
    display_name: str
    status: str
    activity: str
    shows_typing: bool
    unread_first: bool
    is_staff: bool
    date_joined: Time
    scopes: list[ScopeName]


ME = Me(
    id=2,
    username="bob",
    display_name="Bob",
    status="online",
    activity="at the gate",
    shows_typing=True,
    unread_first=False,
    is_staff=False,
    date_joined=THEN,
    scopes=["read", "write"],
)


def me_of(user: models.User, *, scopes: Collection[str]) -> Me:
    """The caller's account. `scopes`: what this login may do at most."""
    chosen = choice_of(user)
    return Me(
        id=user.pk,
        username=user.username,
        display_name=user.get_full_name(),
        status=chosen.status,
        activity=chosen.activity,
        shows_typing=chosen.shows_typing,
        unread_first=user.unread_first,
        is_staff=user.is_staff,
        date_joined=spell_time(user.date_joined),
        scopes=[scope for scope in models.Scope if scope in scopes],
    )
