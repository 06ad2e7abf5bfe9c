"""A visitor as the inbox's agents see them, and erasing a visitor."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.api.contract import documented
from chat.api.inputs import Reasoned
from chat.api.users import caller, checked
from chat.models import Scope
from chat.support.reads.contacts import contact_for
from chat.support.services.erasing import erase_contact
from chat.support.shapes.contact import SupportContact, contact_of


class OneContact(APIView):
    scopes = {"DELETE": Scope.MODERATE}

    @documented(SupportContact)
    def get(self, request: Request, user: int) -> Response:
        """Returns a visitor with their conversations, the newest first."""
        return Response(contact_of(*contact_for(caller(request), visitor=user)))

    @documented({204: None}, takes=Reasoned(reason="asked for it"), refuses=[409])
    def delete(self, request: Request, user: int) -> Response:
        """For supervisors: erases a visitor and all their messages for ever; figures stay. All conversations must be resolved."""
        erase_contact(caller(request), visitor=user, reason=checked(Reasoned, request).reason)
        return Response(status=204)
