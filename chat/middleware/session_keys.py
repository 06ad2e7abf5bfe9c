"""Keeps sessions after a change of SECRET_KEY: signs them again with the present key, under the session key that sockets know."""

import contextlib
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from chat.models import User
from chat.reads.logins import is_hash_of


class SessionsOutliveTheKey:
    """Middleware before Django's own, which would change the session's key and so end the sockets that use it.

    It costs a query for each request, but only while SECRET_KEY_FALLBACKS are set.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECRET_KEY_FALLBACKS:
            # If the database is away, the view answers with its door's own words.
            with contextlib.suppress(DatabaseError):
                sign_anew(request.session)
        return self._get_response(request)


def sign_anew(session: SessionBase) -> None:
    """Signs a session that a fallback key signed again with the present key; leaves every other session as it is."""
    user = User.objects.filter(pk=session[SESSION_KEY]).first() if SESSION_KEY in session else None
    kept = session.get(HASH_SESSION_KEY, "")
    if user is not None and kept != user.get_session_auth_hash() and is_hash_of(user, kept):
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
