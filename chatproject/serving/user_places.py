"""Places for the requests of each user, so that one user can't take all. It guesses the user without asking the database: by the
request's secret, whose user an earlier request has told.

An unknown secret counts as a user of its own, and is soon refused; addresses have limits besides.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.http import parse_cookie

from delivery.places import Places

Scope = MutableMapping[str, Any]

#: How many secrets are remembered with their user; the one unused for the longest is forgotten first.
MOST_SECRETS = 10_000


class UserPlaces:
    """Lets so many requests of one user run at once; the user's other requests wait in their own line, without a place.

    For one event loop.
    """

    def __init__(self, count: int, *, waiting: int) -> None:
        self._count = count
        self._waiting = waiting
        self._loop: asyncio.AbstractEventLoop | None = None
        self._users: OrderedDict[str, int] = OrderedDict()
        self._places: dict[str | int, _Own] = {}

    async def take(self, scope: Scope) -> Callable[[], None] | None:
        """Takes one of the user's own places, see Places.take; None for a request without a secret, or without a limit."""
        secret = _secret_of(scope)
        if secret is None or self._count == 0:
            return None
        self._loop = asyncio.get_running_loop()
        whose = self._users.get(secret, secret)
        if whose is not secret:
            self._users.move_to_end(secret)
        own = self._places.get(whose)
        if own is None:
            own = self._places[whose] = _Own(self._count, waiting=self._waiting, whose=whose)
        try:
            leave = await own.take("")
        finally:
            self._forget(own)

        def left() -> None:
            leave()
            self._forget(own)

        return left

    def learn(self, scope: Scope, user: int) -> None:
        """Notes that the request's secret belongs to this user: all their requests share one line from now on. From any thread."""
        secret = _secret_of(scope)
        if secret is not None and self._loop is not None and self._users.get(secret) != user:
            self._loop.call_soon_threadsafe(self._know, secret, user)

    def _know(self, secret: str, user: int) -> None:
        self._users[secret] = user
        self._users.move_to_end(secret)
        if len(self._users) > MOST_SECRETS:
            self._users.popitem(last=False)
        if user not in self._places and secret in self._places:
            # What is under way by it counts, too: or a person would have twice as many until these are done.
            own = self._places[user] = self._places.pop(secret)
            own.whose = user

    def _forget(self, own: "_Own") -> None:
        if not own.taken and not own.waiting and self._places.get(own.whose) is own:
            del self._places[own.whose]


class _Own(Places):
    def __init__(self, count: int, *, waiting: int, whose: str | int) -> None:
        super().__init__(count, waiting=waiting)
        self.whose = whose


def _secret_of(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return hashlib.sha256(value).hexdigest()
        if name == b"cookie" and (session := parse_cookie(value.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)):
            return hashlib.sha256(session.encode()).hexdigest()
    return None
