"""The inbox for a company's page and its visitors, before the visitor is known."""

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.addresses import line_of
from chat.allowances.counting import count_try
from chat.allowances.table import VISITS
from chat.api.authentication import BearerAuthentication
from chat.api.contract import documented
from chat.api.users import checked
from chat.middleware import caller
from chat.models import User
from chat.support import services, shapes
from chat.support.api.inputs import VisitInput
from chat.support.models import Inbox
from chat.support.services.visits import open_inbox
from delivery.wire.errors import Forbidden


class Doorstep(APIView):
    is_public = True
    authentication_classes = ()
    permission_classes = ()

    @documented(shapes.Doorstep)
    def get(self, request: Request, key: str) -> Response:
        """Says whether the inbox is open, with its greeting. Pages of the inbox's origins may ask from their own origin."""
        inbox = open_inbox(key)
        _require_origin(request, inbox)
        response = Response(shapes.doorstep_of(inbox))
        response["Vary"] = "Origin"
        if _origin(request) in inbox.origins:
            response["Access-Control-Allow-Origin"] = _origin(request)
        return response


class Visits(APIView):
    is_public = True
    authentication_classes = (BearerAuthentication,)
    permission_classes = ()

    @documented({201: shapes.NewVisit}, takes=VisitInput(identity="eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.6f7d3b1f8a10"))
    def post(self, request: Request, key: str) -> Response:
        """Begins a visit: 201 with a token for a visitor. `identity`: the visitor's identity, signed by the company's server.

        A request with an anonymous visit's token and an `identity` makes this visit the visitor's: its conversations go on, its
        old token ends.
        """
        given = checked(VisitInput, request)
        _require_origin(request, open_inbox(key))
        count_try(VISITS, line_of(caller.current_origin().address or ""), is_told=False)
        visitor = request.user if isinstance(request.user, User) and request.user.is_visitor else None
        return Response(
            shapes.NewVisit(token=services.visit(key, identity=given.identity, visitor=visitor)), status=201
        )


def _origin(request: Request) -> str:
    return str(request.headers.get("Origin", ""))


def _require_origin(request: Request, inbox: Inbox) -> None:
    # Requests of the framed widget have this server's origin; its Content-Security-Policy says which pages may frame it.
    origin = _origin(request)
    if origin and origin not in inbox.origins and origin not in settings.ALLOWED_ORIGINS:
        raise Forbidden("This inbox is not for pages of this origin.")
