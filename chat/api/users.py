"""Who there is."""

from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services
from chat import shapes as sent
from chat.api import shapes
from chat.api.contract import Page, documented, text
from chat.api.inputs import Profile, Strict
from chat.api.pages import paged
from chat.api.scopes import scopes_of
from chat.models import Scope, User
from delivery.wire.frames import Person
from delivery.wire.types import spell_time


def caller(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def checked(kind: type[Strict], request: Request) -> dict[str, Any]:
    """The request's body in the shape of `kind`. Raises DRF's ValidationError."""
    given = kind(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class Me(APIView):
    @documented(shapes.Me)
    def get(self, request: Request) -> Response:
        """The caller, and what this login may be used for."""
        return Response(_own(request))

    @documented(shapes.Me, takes=Profile)
    def patch(self, request: Request) -> Response:
        """Another display name, status, activity, or whether others see you typing; what is left out stays."""
        given = checked(Profile, request)
        user = caller(request)
        with transaction.atomic():
            # All of it, or nothing.
            if "display_name" in given:
                services.rename_user(user, display_name=given.pop("display_name"))
            if given:
                services.choose_presence(user, **given)
        user.refresh_from_db()
        return Response(_own(request))


class Users(APIView):
    @documented(Page(Person), query={"search": text("A part of the username or of the display name.")})
    def get(self, request: Request) -> Response:
        """Active accounts; `?search=` in names."""
        rows = User.objects.people().filter(is_active=True)
        search = request.query_params.get("search", "").strip().replace("\x00", "")
        if search:
            rows = rows.filter(Q(username__says=search) | Q(display_name__says=search))
        return paged(request, rows, lambda user: msgspec.to_builtins(sent.person_of(user)))


def _own(request: Request) -> dict[str, Any]:
    user = caller(request)
    return {
        **msgspec.to_builtins(sent.person_of(user)),
        **msgspec.to_builtins(sent.own_presence_of(sent.choice_of(user))),
        "is_staff": user.is_staff,
        "date_joined": spell_time(user.date_joined),
        # What this login may be used for, at most.
        "scopes": [scope for scope in Scope if scope in scopes_of(request)],
    }
