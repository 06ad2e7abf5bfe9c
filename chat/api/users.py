"""Who there is."""

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
from chat.services.made import not_for_measuring
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
        """The caller, and what this login may be used for."""
        return Response(_own(request))

    @documented(shapes.Me, takes=Profile(display_name="Bob B."))
    def patch(self, request: Request) -> Response:
        """Another display name, status, activity; whether others see you typing; `unread_first`: how one's list is ordered.

        What is left out stays.
        """
        given = checked(Profile, request)
        user = caller(request)
        with transaction.atomic():
            # All of it, or nothing.
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
        """Active accounts; `?search=` in names."""
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
