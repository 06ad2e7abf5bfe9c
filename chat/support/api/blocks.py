"""Agents block a visitor who abuses an inbox."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.api.contract import documented
from chat.api.inputs import Reasoned
from chat.api.users import caller, checked
from chat.support import services


class Block(APIView):
    @documented({204: None}, takes=Reasoned(reason="abuse"))
    def post(self, request: Request, user: int) -> Response:
        """Blocks a visitor: their tokens and sockets end, and they can't come back. Repeating does nothing."""
        services.block_contact(caller(request), visitor=user, reason=checked(Reasoned, request).reason)
        return Response(status=204)

    @documented({204: None}, takes=Reasoned(reason="abuse"))
    def delete(self, request: Request, user: int) -> Response:
        """Unblocks a visitor. Repeating does nothing."""
        services.unblock_contact(caller(request), visitor=user, reason=checked(Reasoned, request).reason)
        return Response(status=204)
