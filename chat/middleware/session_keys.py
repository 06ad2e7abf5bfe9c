"""Sessions whose SECRET_KEY was changed: signed anew with the present one, under the name that their sockets know them by."""

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
    """Before Django looks at the session: it would give it another name, which ends the sockets that came in by it.

    Costs a query a request, and only while there are SECRET_KEY_FALLBACKS.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECRET_KEY_FALLBACKS:
            # Without the database the view says so, in its door's own words.
            with contextlib.suppress(DatabaseError):
                sign_anew(request.session)
        return self._get_response(request)


def sign_anew(session: SessionBase) -> None:
    """What a fallback key signed is signed with the present one; anything else is left as it is."""
    user = User.objects.filter(pk=session[SESSION_KEY]).first() if SESSION_KEY in session else None
    kept = session.get(HASH_SESSION_KEY, "")
    if user is not None and kept != user.get_session_auth_hash() and is_hash_of(user, kept):
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
