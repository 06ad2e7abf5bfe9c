"""Reactions to a message: the same verbs as on the socket."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services, shapes
from chat.api.contract import documented, text
from chat.api.inputs import ReactionInput
from chat.api.users import caller, checked


class Reactions(APIView):
    @documented(shapes.Message, takes=ReactionInput(emoji="👍"), refuses=[409])
    def post(self, request: Request, pk: int, message: int) -> Response:
        """Adds a reaction of the caller's, one Unicode emoji, kept in its full spelling. Repeating changes nothing."""
        emoji = checked(ReactionInput, request).emoji
        row = services.add_reaction(caller(request), channel=pk, message=message, emoji=emoji)
        return Response(shapes.message_of(row))

    @documented(
        shapes.Message, query={"emoji": text("The caller's reaction.", required=True, example="👍")}, refuses=[409]
    )
    def delete(self, request: Request, pk: int, message: int) -> Response:
        """Removes the caller's reaction and returns the message. Repeating changes nothing."""
        emoji = request.query_params.get("emoji", "")
        row = services.remove_reaction(caller(request), channel=pk, message=message, emoji=emoji)
        return Response(shapes.message_of(row))
