"""Whose request it is, as far as that is known before anybody is asked: by the secret that it brings, and by whose it was before.

A secret that nobody has is a line of its own, and soon refused; addresses have their turns besides.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.http import parse_cookie

from delivery.places import Places

Scope = MutableMapping[str, Any]

#: Secrets whose person is remembered; the one that was not used for the longest is forgotten first.
MOST_SECRETS = 10_000


class People:
    """So many requests of one person at once; the others of theirs wait in a line of their own, and hold no place meanwhile."""

    def __init__(self, count: int, *, waiting: int) -> None:
        self._count = count
        self._waiting = waiting
        self._users: OrderedDict[str, int] = OrderedDict()
        self._places: dict[str | int, Places] = {}

    async def take(self, scope: Scope) -> Callable[[], None] | None:
        """A place among the person's own, see Places.take; None for who brings no secret, or without a limit."""
        secret = _secret_of(scope)
        if secret is None or self._count == 0:
            return None
        whose = self._users.get(secret, secret)
        places = self._places.setdefault(whose, Places(self._count, waiting=self._waiting))
        try:
            leave = await places.take("")
        finally:
            self._forget(whose, places)

        def left() -> None:
            leave()
            self._forget(whose, places)

        return left

    def learn(self, scope: Scope, user: int) -> None:
        """The secret of this request is this user's: from here on all of theirs stand in one line."""
        secret = _secret_of(scope)
        if secret is not None:
            self._users[secret] = user
            self._users.move_to_end(secret)
            if len(self._users) > MOST_SECRETS:
                self._users.popitem(last=False)

    def _forget(self, whose: str | int, places: Places) -> None:
        if not places.taken and not places.waiting and self._places.get(whose) is places:
            del self._places[whose]


def _secret_of(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return hashlib.sha256(value).hexdigest()
        if name == b"cookie" and (session := parse_cookie(value.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)):
            return hashlib.sha256(session.encode()).hexdigest()
    return None
