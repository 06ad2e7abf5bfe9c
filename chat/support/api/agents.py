"""The agent's own settings."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.api.contract import documented
from chat.api.users import caller, checked
from chat.models import User
from chat.support import services
from chat.support.api.inputs import AcceptingInput
from chat.support.shapes.agent import OwnAgencies, own_agencies_of


class OwnAgency(APIView):
    @documented(OwnAgencies)
    def get(self, request: Request) -> Response:
        """Lists the inboxes in which the caller is an agent. 403 for a caller who is no agent."""
        return _described(caller(request))

    @documented(OwnAgencies, takes=AcceptingInput(accepting=False))
    def patch(self, request: Request) -> Response:
        """Starts or stops giving conversations to the caller, in all of their inboxes. They keep those that they hold."""
        services.set_accepting(caller(request), accepting=checked(AcceptingInput, request).accepting)
        return _described(caller(request))


def _described(user: User) -> Response:
    return Response(own_agencies_of(services.agencies_of(user)))
