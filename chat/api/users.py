"""The caller's own account, and the list of users."""

from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services, shapes
from chat.api.contract import documented, text
from chat.api.inputs import Profile
from chat.api.pages import paged
from chat.api.reading import Taken, read
from chat.api.scopes import scopes_of
from chat.models import User
from chat.services.command_accounts import not_for_measuring
from delivery.wire.frames import Person


def caller(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def checked(kind: type[Taken], request: Request) -> Taken:
    """The request's body in the shape of `kind`. Raises DRF's ValidationError."""
    return read(kind, request.data)


class OwnAccount(APIView):
    @documented(shapes.Me)
    def get(self, request: Request) -> Response:
        """Returns the caller's account, and the scopes of this login."""
        return Response(_own(request))

    @documented(shapes.Me, takes=Profile(display_name="Bob B."))
    def patch(self, request: Request) -> Response:
        """Changes the caller's profile: display name, status, activity. Fields that are left out stay.

        `shows_typing`: whether others see the caller typing. `unread_first`: whether unread channels come first in the list.
        """
        given = checked(Profile, request)
        user = caller(request)
        with transaction.atomic():
            # All fields are changed, or none.
            if given.display_name is not msgspec.UNSET:
                services.rename_user(user, display_name=given.display_name)
            if chosen := _chosen(given):
                services.choose_presence(user, **chosen)
            if given.unread_first is not msgspec.UNSET:
                services.order_channels(user, unread_first=given.unread_first)
        user.refresh_from_db()
        return Response(_own(request))


class Users(APIView):
    @documented(shapes.CursorPage[Person], query={"search": text("A part of the username or of the display name.")})
    def get(self, request: Request) -> Response:
        """Lists active users; `?search=` looks in their names."""
        rows = not_for_measuring(User.objects.people().filter(is_active=True))
        search = request.query_params.get("search", "").strip().replace("\x00", "")
        if search:
            rows = rows.filter(Q(username__says=search) | Q(display_name__says=search))
        return paged(request, rows, shapes.person_of)


def _chosen(given: Profile) -> dict[str, Any]:
    chosen = {"status": given.status, "activity": given.activity, "shows_typing": given.shows_typing}
    return {name: value for name, value in chosen.items() if value is not msgspec.UNSET}


def _own(request: Request) -> shapes.Me:
    return shapes.me_of(caller(request), scopes=scopes_of(request))
